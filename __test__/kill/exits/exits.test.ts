/**
 * However a process exits, every acknowledged operation is kept, and the process exits as it would
 * without this package: on its own, with the same status or signal.
 */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { kill } from '../../helpers/children.js'
import { inFolder } from '../../helpers/folder.js'
import { KEY } from '../../helpers/keys.js'
import { type RunningMaster, runMaster } from '../../helpers/masters.js'
import { Log } from '../log.js'
import { Run } from '../run.js'

/** What the process has open. */
type Kind = 'store' | 'client' | 'master'

/** Minimum number of operations acknowledged before a signal is sent. */
const MIN_ACKNOWLEDGED = 200
const LONGEST_MS = 3_600_000

const engine = { secret_key: KEY, max_data_size: 65_536 }
/** The exit status for each way to exit. */
const OUTCOMES: Record<string, string> = {
  end: '0',
  close: '0',
  exit: '3',
  throw: '1',
  reject: '1',
}
const SIGNAL_OUTCOMES: Record<string, string | undefined> = {
  signal: undefined,
  'signal, exit': '4',
  'signal, close': '0',
  'signal, nothing': '0',
}
const WORKERS = ['worker, terminate', 'worker, exit', 'worker, throw']

/** Runs a program until it exits. */
async function runToEnd(
  folder: string,
  log: Log,
  orders: object,
  signal?: NodeJS.Signals,
): Promise<Run> {
  const run = new Run('exits/program.mjs', join(folder, 'orders'), orders, (line) => {
    log.tell(line)
    const [verb, lanes] = line.split(' ')
    if (verb === 'ended') log.endOf((lane) => lane.startsWith(`${lanes}.`))
  })
  if (signal !== undefined) {
    await run.said('working')
    while (log.acknowledged < MIN_ACKNOWLEDGED) await run.said('did')
    run.signal(signal)
  }
  await run.over()
  log.endOf(() => true)
  return run
}

/** A new process reads every token. */
async function readAll(folder: string, path: string, log: Log): Promise<void> {
  const { names: tokens } = log
  const options = { path, ...engine, lock_wait_ms: 60_000 }
  const orders = { way: 'process', options, tokens, adopted: [], shared: log.shared, fills: false }
  log.begin()
  const owner = new Run('owner.mjs', join(folder, 'orders'), orders, (line) => log.tell(line))
  await owner.said('looked')
  await owner.kill()
}

/** The options of the program, and the master that a client needs. */
async function optionsOf(kind: Kind, path: string): Promise<[object, RunningMaster | undefined]> {
  if (kind === 'store') return [{ path, ...engine }, undefined]
  if (kind === 'master') return [{ store_jt_path: path, grpc_port: 0, ...engine }, undefined]
  const master = await runMaster(path, engine)
  return [{ ...master.at, timeout_ms: LONGEST_MS }, master]
}

async function endsIn(
  t: ExecutionContext,
  kind: Kind,
  how: string,
  outcome: string,
  signal?: NodeJS.Signals,
) {
  t.timeout(LONGEST_MS)
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const log = new Log()
    const [options, master] = await optionsOf(kind, path)
    const run = await runToEnd(folder, log, { kind, how, options }, signal)
    t.is(run.outcome, outcome, run.stderr)
    const isReported = ['throw', 'reject'].includes(how)
    t.true(isReported ? run.stderr.includes('on purpose') : run.stderr === '', run.stderr)
    if (master !== undefined) await kill(master.process)
    await readAll(folder, path, log)
    t.deepEqual(log.findings, [])
    t.true(log.acknowledged > 0 && log.looked > 0, 'no operation was acknowledged or read')
  })
}

/** Tests every end of a program with a store of one kind. */
function testExits(kind: Kind): void {
  const add = (how: string, outcome: string, name = how, signal?: NodeJS.Signals) =>
    test.serial(`${kind}: ${name}`, (t) => endsIn(t, kind, how, outcome, signal))
  for (const [how, outcome] of Object.entries(OUTCOMES)) {
    // A master lives on, so it has no end of its own.
    if (kind !== 'master' || how !== 'end') add(how, outcome)
  }
  for (const [how, outcome] of Object.entries(SIGNAL_OUTCOMES)) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      add(how, outcome ?? signal, how.replace('signal', signal), signal)
    }
  }
  if (kind !== 'master') for (const how of WORKERS) add(how, '0')
}

for (const kind of ['store', 'client', 'master'] as const) testExits(kind)
