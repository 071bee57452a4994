/**
 * The package in the hosts that programs give it: test runners with contexts of `node:vm` and fake timers,
 * file tracers, and a disk or process in which a file cannot be read for a moment.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { kill } from '../../helpers/children.js'
import { type Ended, runToEnd } from '../../helpers/cli.js'
import { newFolder, removeFolder } from '../../helpers/folder.js'
import { type RunningMaster, runMaster } from '../../helpers/masters.js'
import { installProject, runIn } from './project.js'

const UNIX = process.platform === 'win32' ? test.skip : test.serial
const VITEST = 'node_modules/vitest/vitest.mjs'
const JEST = 'node_modules/jest/bin/jest.js'

const project = newFolder()
const stores = newFolder()
let master: RunningMaster

test.before(async (t) => {
  t.timeout(600_000)
  await installProject(project)
  master = await runMaster(join(stores, 'master'))
})
test.after.always(async () => {
  if (master !== undefined) await kill(master.process)
  removeFolder(project)
  removeFolder(stores)
})

function succeeded(t: ExecutionContext, { status, stdout, stderr }: Ended): string {
  t.is(status, 0, `${stdout}\n${stderr}`)
  return stdout.trim()
}

for (const env of ['node', 'jsdom']) {
  test.serial(`jest runs a master and a client, in its environment ${env}`, async (t) => {
    const ended = await runIn(project, JEST, '--rootDir=jest', `--env=${env}`)
    succeeded(t, ended)
    t.regex(ended.stderr, /2 passed, 2 total/)
  })
}

test.serial('jest runs them where all timers are fake before the package loads', async (t) => {
  const config = JSON.stringify({ rootDir: 'jest', fakeTimers: { enableGlobally: true } })
  succeeded(t, await runIn(project, JEST, '--config', config))
})

for (const pool of ['threads', 'forks', 'vmThreads', 'vmForks']) {
  test.serial(`vitest runs a master and a client, in its pool ${pool}`, async (t) => {
    const args = ['run', '--root=vitest', '--globals', `--pool=${pool}`]
    t.regex(succeeded(t, await runIn(project, VITEST, ...args)), /2 passed/)
  })
}

test.serial("sinon's fake timers stop neither a client nor a master", async (t) => {
  const args = [JSON.stringify(master.at), join(stores, 'sinon')]
  const found = succeeded(t, await runIn(project, 'fake-timers.mjs', ...args))
  const all = ['ok', 'ok', 'ok', 'ok']
  t.deepEqual(JSON.parse(found), { elsewhere: [all, all], here: all, stopped: 'ok' })
})

test.serial('a program runs with only the files that @vercel/nft traces', async (t) => {
  const files = JSON.parse(succeeded(t, await runIn(project, 'trace.mjs', 'traced.mjs')))
  const folder = newFolder()
  for (const file of files) {
    cpSync(join(project, file), join(folder, file), { recursive: true })
  }
  const ended = await runIn(folder, 'traced.mjs', join(stores, 'traced'))
  t.is(succeeded(t, ended), '{"data":{"user":42}}')
  removeFolder(folder)
})

test.serial('a master serves once the files of grpc-js are there again', async (t) => {
  const ended = await runIn(project, 'late-load.mjs', join(stores, 'missing'), 'missing')
  t.deepEqual(JSON.parse(succeeded(t, ended)), { length: 22, events: ['CRUDJT_NOT_SERVING'] })
})

UNIX('a master serves once there are file descriptors again', async (t) => {
  const args = ['late-load.mjs', join(stores, 'descriptors'), 'descriptors']
  const limited = ['sh', '-c', 'ulimit -n 100 && exec "$@"', 'sh', process.execPath, ...args]
  const found = succeeded(t, await runToEnd(limited, { cwd: project }))
  t.deepEqual(JSON.parse(found), { length: 22, events: ['CRUDJT_NOT_SERVING'] })
})
