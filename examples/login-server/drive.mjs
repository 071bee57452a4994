/**
 * Drives the login server with real records over real HTTP, kills it with SIGKILL in the middle, starts it
 * again, and finds out whether anything that was answered is lost. Exit status 1 if so.
 *
 *   node drive.mjs [--seconds 11] [--visitors 32] [--keep] [--sabotage lost|revived|link]
 *
 * `--seconds` is the time of traffic, before and after the kill together; `--keep` leaves the folder there.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Desk } from './drive/desk.mjs'
import { allocatedBytes } from './drive/disk.mjs'
import { Ledger } from './drive/ledger.mjs'
import { Log } from './drive/log.mjs'
import { Progress } from './drive/progress.mjs'
import { report } from './drive/report.mjs'
import { Service } from './drive/service.mjs'
import { Timings } from './drive/timings.mjs'
import { Visitor } from './drive/visitor.mjs'
import { logPath, storePath } from './folder.mjs'

const AUDIT = fileURLToPath(new URL('drive/audit.mjs', import.meta.url))

const options = readOptions()
const folder = mkdtempSync(join(tmpdir(), 'crudjt-login-server-'))
const log = new Log(logPath(folder))
const ledger = new Ledger()
const timings = new Timings()
const service = new Service(folder)
const desk = new Desk({ service, log, ledger, timings })
const progress = new Progress(
  () =>
    `${desk.answered} requests answered, ${ledger.sessions.size} sessions, ${ledger.links.size} links`,
)

async function drive() {
  progress.say(
    `login server started in ${await startService()}, ${options.visitors} visitors come in`,
  )
  let ended = false
  service.admit()
  const visits = Promise.all(visitors().map((visitor) => visitor.run(service, () => ended)))
  await sleep((options.seconds / 2) * 1000)
  await killAndStartAgain()
  service.admit()
  await sleep((options.seconds / 2) * 1000)
  ended = true
  await visits
  await service.stop()
  progress.say(
    'service stopped in order; a fresh process now reads every token and compares it with the log',
  )
  if (options.sabotage) await spoil()
  return judge(await audit())
}

async function startService() {
  return `${Math.round(await service.start())} ms`
}

function visitors() {
  return Array.from({ length: options.visitors }, (_, i) => new Visitor(`visitor ${i + 1}`, desk))
}

async function killAndStartAgain() {
  await service.kill(() => desk.inFlight)
  progress.say(`killed with SIGKILL after ${desk.answered} answers, requests in flight`)
  progress.say(`started again in ${await startService()}, asking for the page of every session`)
  const before = ledger.faults.length
  const open = await pageOfEverySession()
  const verdict = ledger.faults.length === before ? 'as they were' : 'NOT as they were'
  progress.say(`${open} logged in and ${ledger.sessions.size - open} logged out, ${verdict}`)
}

/** @returns {Promise<number>} how many are logged in */
async function pageOfEverySession() {
  let open = 0
  const tokens = ledger.sessions.keys()
  const checker = async () => {
    for (const token of tokens) {
      const { status } = await desk.ask('page', { token })
      if (status === 200) open += 1
    }
  }
  await Promise.all(Array.from({ length: options.visitors }, checker))
  return open
}

async function spoil() {
  progress.say(`sabotage: ${options.sabotage}`)
  const { sabotages } = await import('./drive/sabotage.mjs')
  await sabotages[options.sabotage]({ folder, ledger, log })
}

async function audit() {
  const bytes = allocatedBytes(storePath(folder))
  const { stdout } = await promisify(execFile)(process.execPath, [AUDIT, folder], {
    maxBuffer: Number.POSITIVE_INFINITY,
  })
  return { ...JSON.parse(stdout), bytes }
}

/** Shows the table. @returns {boolean} whether all is well */
function judge({ bytes, ...found }) {
  progress.end()
  const faults = [...ledger.faults, ...found.faults]
  const { unanswered } = ledger
  console.log(report({ requests: desk.answered, unanswered, audit: found, faults, bytes, timings }))
  if (unanswered === 0)
    console.log('No request was in flight at the kill, so this run proves nothing: run it again.')
  if (unanswered > options.visitors)
    console.log('More requests got no answer than can have been in flight at the kill.')
  return faults.length === 0 && unanswered > 0 && unanswered <= options.visitors
}

function cleanUp() {
  progress.end()
  service.abandon()
  if (options.keep) console.log(`kept: ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '11' },
      visitors: { type: 'string', default: '32' },
      keep: { type: 'boolean', default: false },
      sabotage: { type: 'string' },
    },
  })
  return { ...values, seconds: Number(values.seconds), visitors: Number(values.visitors) }
}

process.once('SIGINT', () => {
  cleanUp()
  process.exit(130)
})
try {
  process.exitCode = (await Promise.race([drive(), service.broken])) ? 0 : 1
} finally {
  cleanUp()
}
