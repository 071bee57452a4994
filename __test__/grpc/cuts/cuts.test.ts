/**
 * Each call is carried out exactly once, however often its connection is cut. `npm run soak:wire` cuts
 * 3 000 times; CRUDJT_WIRE_CUTS says how often.
 */
import { once } from 'node:events'
import test from 'ava'
import { type SessionStore, Store } from 'crudjt'
import { ask, kill } from '../../helpers/children.js'
import { inFolder } from '../../helpers/folder.js'
import { patient, placeOf, type RunningMaster, runMaster } from '../../helpers/masters.js'
import { CuttingProxy } from './proxy.js'
import { Caller, type Findings, nothingFound } from './worker.js'

const isSoak = process.env.npm_lifecycle_event === 'soak:wire'
const CUTS = Number(process.env.CRUDJT_WIRE_CUTS ?? (isSoak ? 3000 : 60))
/** Of so many cuts one has to fall between an operation and its reply. */
const ONE_IN = 6
const KILLS = Math.max(3, Math.floor(CUTS / 30))
const CALLERS = 64

/** The master's counts of retransmissions. */
interface Retransmissions {
  answered: number
  pending: number
  evicted: number
  streams: number
}

async function callUntil(
  isOver: () => boolean,
  store: SessionStore,
  findings: Findings,
): Promise<void> {
  const callers = Array.from({ length: CALLERS }, () => new Caller(store, findings))
  await Promise.all(callers.map((caller) => caller.work(isOver)))
}

/** So that greetings are cut within the proof, too. */
const access_key = 'the-access-key-of-a-trial'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function summary(findings: Findings): string {
  const { answered, unknown, alive, orphans } = findings
  return `${answered} answers, ${alive} tokens alive, ${orphans} of unknown fate, ${JSON.stringify(unknown)}`
}

/** Which transports are cut. */
interface Cut {
  readonly name: string
  readonly by: readonly Transport[]
}
type Transport = 'grpc' | 'local'

const CUT: Cut[] = [
  { name: 'its connection is cut', by: ['grpc'] },
  { name: 'its local connection is cut', by: ['local'] },
  { name: 'it moves from one transport to the other', by: ['grpc', 'local'] },
]

/** Proxies before a master, and a client that sees only them. */
async function behindProxies(folder: string, master: RunningMaster, { by }: Cut) {
  const grpc = await CuttingProxy.start(() => master.at.grpc_port)
  const path = `${folder}.cut`
  const local = await CuttingProxy.startLocal(path, `${folder}.local`)
  const proxies = { grpc, local }
  for (const name of ['grpc', 'local'] as const) {
    // Half of the connections by each, where there are both.
    proxies[name].refusals = by.includes(name) ? (by.length - 1) / 4 : 1
  }
  const at = { grpc_host: '127.0.0.1', grpc_port: grpc.port }
  const options = { ...patient(at), access_key, local: by.includes('local') && path }
  const store = await Store.connect(options)
  return { store, proxies: [grpc, local] }
}

for (const cut of CUT) {
  test.serial(`a call runs exactly once, wherever ${cut.name}`, async (t) => {
    await inFolder(async (folder) => {
      const master = await runMaster(folder, { access_key, local: `${folder}.local` })
      const { store, proxies } = await behindProxies(folder, master, cut)
      const findings = nothingFound()
      const cuts = () => proxies.reduce((sum, proxy) => sum + proxy.cuts, 0)
      const isOver = () => {
        // What is left to do then must be done undisturbed.
        for (const proxy of proxies) proxy.isCutting = cuts() < CUTS
        return cuts() >= CUTS
      }
      const transports = new Set<string | undefined>()
      const looking = (async () => {
        while (!isOver()) transports.add((await store.stats()).transport)
      })()
      await Promise.all([callUntil(isOver, store, findings), looking])
      const { live_tokens } = await store.stats()
      const again = await ask<Retransmissions>(master.process, 'retransmissions')
      t.log(`${cuts()} cuts, ${again.streams} of them between an operation and its reply`)
      t.log(
        `${again.answered} replies retransmitted, ${again.pending} waited for, ${summary(findings)}`,
      )
      await store.close()
      for (const proxy of proxies) proxy.stop()
      await kill(master.process)
      t.deepEqual(findings.wrong, [])
      t.deepEqual(findings.unknown, {}, 'while one master lives, every call is answered')
      t.is(live_tokens, findings.alive)
      t.is(again.evicted, 0)
      t.true(again.streams >= CUTS / ONE_IN, 'too few cuts where they prove anything')
      t.deepEqual([...transports].sort(), cut.by)
    })
  })
}

for (const local of [undefined, false] as const) {
  const by = local === false ? 'gRPC' : 'the local socket'
  test.serial(`a call by ${by} runs once, and is answered, when its master restarts`, async (t) => {
    await inFolder(async (folder) => {
      const master = await runMaster(folder, placeOf(folder))
      const store = await Store.connect({ ...patient(master.at), local })
      const findings = nothingFound()
      let restarts = 0
      const calling = callUntil(() => restarts >= KILLS, store, findings)
      while (restarts < KILLS) {
        const enough = findings.answered + Math.random() * 3000
        while (findings.answered < enough) await turn()
        await ask(master.process, 'restart')
        restarts++
      }
      await calling
      const { live_tokens } = await store.stats()
      t.log(`${restarts} restarts, ${summary(findings)}`)
      await store.close()
      await kill(master.process)
      t.deepEqual(findings.wrong, [])
      t.deepEqual(findings.unknown, {}, 'what was not begun goes to the next master')
      t.is(live_tokens, findings.alive)
    })
  })

  test.serial(
    `a call by ${by} runs once or fails as unknown when its master is killed`,
    async (t) => {
      await inFolder(async (folder) => {
        const at = placeOf(folder)
        let master = await runMaster(folder, at)
        const store = await Store.connect({ ...patient(at), local })
        let kills = 0
        const findings = nothingFound()
        const hasUnknown = () => Object.keys(findings.unknown).length > 0
        // A kill may fall where nothing is under way: on until one did not.
        const isEnough = () => kills >= KILLS && (hasUnknown() || kills >= KILLS + 20)
        const calling = callUntil(isEnough, store, findings)
        while (!isEnough()) {
          const enough = findings.answered + Math.random() * 3000
          while (findings.answered < enough) await turn()
          const ended = once(master.process, 'exit')
          master.process.kill('SIGKILL')
          await ended
          master = await runMaster(folder, at)
          kills++
        }
        await calling
        const { live_tokens } = await store.stats()
        t.log(`${kills} kills, ${summary(findings)}`)
        await store.close()
        await kill(master.process)
        t.deepEqual(findings.wrong, [])
        t.deepEqual(Object.keys(findings.unknown), ['ERR_CRUDJT_OUTCOME_UNKNOWN'])
        t.true(live_tokens >= findings.alive)
        t.true(live_tokens <= findings.alive + findings.orphans)
      })
    },
  )
}
