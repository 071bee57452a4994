/**
 * Processes killed with SIGKILL in the midst of 64 operations in two threads, while the journal
 * rotates and checkpoints and sweeps run: everything acknowledged is there afterwards. The
 * environment's CRUDJT_KILLS is the number of kills (default 6).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { Store, type StoreOptions } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { check } from './check.js'
import { Log } from './log.js'
import { Run, reportOf } from './run.js'

const JOURNALS = ['mapped', 'plain'] as const
const KILLS = Number(process.env.CRUDJT_KILLS ?? 6)
const KILLS_OF_A_STORE = 3
const IN_FLIGHT = 64
// Each thread may be between the acknowledgement of one operation and the next one's announcement.
const BETWEEN = 2

const upTo = (milliseconds: number) => sleep(Math.random() * milliseconds)

/** A kill at some moment of the work, none excepted. */
async function killAtWork(options: StoreOptions, log: Log): Promise<Run> {
  const run = new Run(options)
  await run.said((line) => line === 'open')
  await upTo(1000)
  return finish(run, log)
}

/** A kill while the store is opened, which after a kill means replaying the journal. */
async function killAtOpening(options: StoreOptions, log: Log): Promise<Run> {
  const run = new Run(options)
  await run.said((line) => line === 'opening')
  await upTo(30)
  return finish(run, log)
}

/** A kill at some moment after rotation by volume, checkpoint and sweep have all happened. */
async function killAfterAll(options: StoreOptions, log: Log): Promise<Run> {
  const run = new Run(options)
  await run.said(tellsOfAll)
  await upTo(500)
  return finish(run, log)
}

function tellsOfAll(line: string): boolean {
  const report = reportOf(line)
  if (report?.last_checkpoint_at_ms === undefined) return false
  // One segment may have been made ahead, and each checkpoint that was asked for has rotated once.
  const filledUp = report.rotations - report.checkpoints - 1
  return report.last_sweep_at_ms !== undefined && report.swept > 0 && filledUp > 0
}

async function finish(run: Run, log: Log): Promise<Run> {
  await run.kill()
  log.endRun()
  for (const line of run.lines) log.tell(line)
  return run
}

/** Opens the store and holds every token that the log knows against it. */
async function look(t: ExecutionContext, options: StoreOptions, log: Log): Promise<void> {
  const store = await Store.open(options)
  const findings = check(log, (token) => store.readSync(token))
  t.deepEqual(findings.slice(0, 10), [], `${findings.length} of ${log.tokens.size} tokens`)
  t.is((await store.stats()).damaged_records, 0)
  await store.close()
}

/** One store's life: killed three times, looked at after the second and the third. */
async function life(t: ExecutionContext, options: StoreOptions): Promise<void> {
  const log = new Log()
  await killAtWork(options, log)
  await killAtOpening(options, log)
  await look(t, options, log)
  const run = await killAfterAll(options, log)
  t.true(log.inFlight >= IN_FLIGHT - BETWEEN && log.inFlight <= IN_FLIGHT, `${log.inFlight}`)
  await look(t, options, log)
  t.log(
    `${log.acknowledged} acknowledged, ${log.tokens.size} tokens, ${JSON.stringify(run.report)}`,
  )
}

for (const journal of JOURNALS) {
  test.serial(`what was acknowledged is there after kill -9, ${journal} journal`, async (t) => {
    const engine = { secret_key: KEY, journal, max_data_size: 65_536, cache_size: 4 << 20 }
    const stores = Math.ceil(KILLS / JOURNALS.length / KILLS_OF_A_STORE)
    for (let store = 0; store < stores; store++) {
      await inFolder((path) => life(t, { path, ...engine, sync_interval_ms: 20 }))
    }
  })
}
