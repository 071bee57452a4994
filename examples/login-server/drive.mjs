/**
 * Drives the login server with real records over HTTP, kills it with SIGKILL under load, restarts it, and
 * checks that no acknowledged change is lost and nothing deleted comes back. Exit status 1 if it is.
 *
 *   node drive.mjs [--seconds 11] [--visitors 32] [--keep] [--sabotage lost|revived|link]
 *
 * `--seconds` is the duration of the load, before and after the kill together; `--keep` keeps the folder.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Client } from './drive/client.mjs'
import { allocatedBytes } from './drive/disk.mjs'
import { Model } from './drive/model.mjs'
import { Progress } from './drive/progress.mjs'
import { report } from './drive/report.mjs'
import { RequestLog } from './drive/request-log.mjs'
import { ServerProcess } from './drive/server-process.mjs'
import { Timings } from './drive/timings.mjs'
import { Visitor } from './drive/visitor.mjs'
import { storePath } from './store.mjs'

const AUDIT = fileURLToPath(new URL('drive/audit.mjs', import.meta.url))

const options = readOptions()
const folder = mkdtempSync(join(tmpdir(), 'crudjt-login-server-'))
const log = new RequestLog(folder)
const model = new Model()
const timings = new Timings()
const server = new ServerProcess(folder)
const client = new Client({ server, log, model, timings })
const progress = new Progress(
  () =>
    `${client.answered} requests answered, ${model.sessions.size} sessions, ${model.links.size} links`,
)

async function drive() {
  progress.print(`login server started in ${await startServer()}, ${options.visitors} visitors`)
  let isOver = false
  server.open()
  const visits = Promise.all(visitors().map((visitor) => visitor.run(server, () => isOver)))
  await sleep((options.seconds / 2) * 1000)
  await killAndRestart()
  server.open()
  await sleep((options.seconds / 2) * 1000)
  isOver = true
  await visits
  await server.stop()
  progress.print('server stopped; a new process compares every token with the request log')
  if (options.sabotage) await sabotage()
  return conclude(await audit())
}

async function startServer() {
  return `${Math.round(await server.start())} ms`
}

function visitors() {
  return Array.from({ length: options.visitors }, (_, i) => new Visitor(`visitor ${i + 1}`, client))
}

async function killAndRestart() {
  await server.kill(() => client.inFlight)
  progress.print(`killed with SIGKILL after ${client.answered} replies, with requests in flight`)
  progress.print(`restarted in ${await startServer()}, checking every session`)
  const before = model.violations.length
  const open = await checkSessions()
  const verdict = model.violations.length === before ? 'as expected' : 'NOT as expected'
  progress.print(`${open} logged in and ${model.sessions.size - open} logged out, ${verdict}`)
}

/** @returns {Promise<number>} how many sessions are logged in */
async function checkSessions() {
  let open = 0
  const tokens = model.sessions.keys()
  const worker = async () => {
    for (const token of tokens) {
      const { status } = await client.request('page', { token })
      if (status === 200) open += 1
    }
  }
  await Promise.all(Array.from({ length: options.visitors }, worker))
  return open
}

async function sabotage() {
  progress.print(`sabotage: ${options.sabotage}`)
  const { sabotages } = await import('./drive/sabotage.mjs')
  await sabotages[options.sabotage]({ folder, model, log })
}

async function audit() {
  const bytes = allocatedBytes(storePath(folder))
  const maxBuffer = Number.POSITIVE_INFINITY
  const { stdout } = await promisify(execFile)(process.execPath, [AUDIT, folder], { maxBuffer })
  return { ...JSON.parse(stdout), bytes }
}

/** Prints the report. @returns {boolean} whether the run passed */
function conclude({ bytes, ...audit }) {
  progress.end()
  const violations = [...model.violations, ...audit.violations]
  const { unanswered } = model
  const requests = client.answered
  console.log(report({ requests, unanswered, audit, violations, bytes, timings }))
  if (unanswered === 0)
    console.log('No request was in flight at the kill, so this run proves nothing: run it again.')
  if (unanswered > options.visitors)
    console.log('More requests got no reply than can have been in flight at the kill.')
  return violations.length === 0 && unanswered > 0 && unanswered <= options.visitors
}

function cleanUp() {
  progress.end()
  server.abandon()
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
  process.exitCode = (await Promise.race([drive(), server.crashed])) ? 0 : 1
} finally {
  cleanUp()
}
