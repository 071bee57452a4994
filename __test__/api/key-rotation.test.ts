/**
 * Rotating the secret through the public API, with real processes that are killed at any moment of
 * taking a new secret in: nobody is logged out, and the old secret can be dropped.
 *
 * `CRUDJT_ROTATIONS` processes are killed (default 6).
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CRUDJTError, keys, Store, verify } from 'crudjt'
import { startProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { runMaster, stopMaster } from '../helpers/masters.js'
import { refuses } from '../helpers/refusals.js'

const ROTATIONS = Number(process.env.CRUDJT_ROTATIONS ?? 6)

/** Starting a process takes seconds on a machine that has other work. */
const PATIENCE_MS = 600_000

const newSecret = () => randomBytes(32).toString('base64')

interface Told {
  opened?: boolean
  token?: string
  /** Milliseconds from the beginning of the opening to the token. */
  took?: number
}

/**
 * Opens the store in a process of its own with a list of secrets and kills it after some milliseconds;
 * undefined: once it has made a token.
 * @returns what it told before it died
 */
async function openAndKill(path: string, secrets: string[], after?: number): Promise<Told> {
  const args = after === undefined ? [] : [`${after}`]
  const child = await startProcess('rotate.mjs', path, secrets.join(','), ...args)
  const told: Told = {}
  const isDead = new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)))
  child.on('message', (message) => {
    Object.assign(told, message)
    if (after === undefined && told.token !== undefined) child.kill('SIGKILL')
  })
  const signal = await isDead
  if (signal !== 'SIGKILL') throw new Error(`the process was not killed: ${signal}`)
  return told
}

async function allLive(t: ExecutionContext, path: string, secrets: string[], tokens: string[]) {
  const store = await Store.open({ path, secret_key: secrets, require_known_key: true })
  const sessions = await Promise.all(tokens.map((token) => store.read(token)))
  const lost = sessions.filter((session) => session === null).length
  t.is(lost, 0, `${lost} of ${tokens.length} are logged out`)
  await store.close()
}

test('secrets are rotated while processes are killed, and nobody is logged out', async (t) => {
  t.timeout(PATIENCE_MS)
  await inFolder(async (path) => {
    let newest = newSecret()
    const tokens: string[] = []
    const met = { opened: 0, interrupted: 0 }
    const first = await openAndKill(path, [newest])
    const whole = 2 * (first.took as number)
    tokens.push(first.token as string)
    for (let n = 0; n < ROTATIONS; n++) {
      const old = newest
      newest = newSecret()
      // The later half of them mostly come back: from then on the old one is not needed.
      const told = await openAndKill(path, [newest, old], (whole * n) / ROTATIONS)
      met[told.opened ? 'opened' : 'interrupted']++
      if (told.token !== undefined) tokens.push(told.token)
      if (told.opened === undefined) {
        await allLive(t, path, [old], tokens)
        const again = await openAndKill(path, [newest, old])
        tokens.push(again.token as string)
      }
      await allLive(t, path, [newest], tokens)
    }
    const report = await verify(path, { secret_key: newest })
    t.like(report, { sound: true, records: tokens.length, opened: tokens.length })
    const domains = await keys(path, { secret_key: newest })
    t.true(domains.length > 1 && domains.every(({ opens }) => opens))
    t.true(met.opened > 0 && met.interrupted > 0, JSON.stringify(met))
  })
})

test('a master adopts a new secret at one restart and drops the old one at the next', async (t) => {
  t.timeout(PATIENCE_MS)
  await inFolder(async (folder) => {
    const [old, fresh] = [newSecret(), newSecret()]
    const tokens: string[] = []
    for (const secret_key of [[old], [fresh, old], [fresh], [fresh]]) {
      const isTakingOver = secret_key.length > 1
      const master = await runMaster(folder, { secret_key })
      const client = await Store.connect({ ...master.at, timeout_ms: 60_000 })
      // A token would have the keyring written by itself.
      if (!isTakingOver) tokens.push(await client.create({ at: tokens.length }))
      const sessions = await Promise.all(tokens.map((token) => client.read(token)))
      t.deepEqual(
        sessions.map((session) => session?.data.at),
        tokens.map((_, at) => at),
      )
      await client.close()
      await stopMaster(master)
    }
  })
})

function contents(path: string): [string, string][] {
  const names = readdirSync(path).filter((name) => name !== 'owner')
  return names.map((name) => [name, readFileSync(join(path, name), 'base64')])
}

test('a refused wrong key changes no byte, an accepted one no record, and the right key finds everything', async (t) => {
  t.timeout(PATIENCE_MS)
  await inFolder(async (path) => {
    const [right, wrong] = [newSecret(), newSecret()]
    const first = await openAndKill(path, [right])
    const tokens = [first.token as string]
    const before = contents(path)
    await refuses(t, () => Store.open({ path, secret_key: wrong, require_known_key: true }), {
      is: CRUDJTError,
      code: 'ERR_CRUDJT_UNKNOWN_KEY',
    })
    t.deepEqual(contents(path), before)
    const told: string[] = []
    const onError = ({ code }: { code: string }) => told.push(code)
    const stranger = await Store.open({ path, secret_key: wrong, onError })
    t.is(await stranger.read(tokens[0] as string), null)
    t.false(await stranger.delete(tokens[0] as string))
    await stranger.create({ at: 'a stranger' })
    await stranger.close()
    t.deepEqual(told, ['CRUDJT_NEW_KEY'])
    await allLive(t, path, [right], tokens)
    t.like(await verify(path, { secret_key: right }), { sound: true, records: 2, opened: 1 })
  })
})
