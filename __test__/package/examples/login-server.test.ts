/** The login server's drive: passes on a sound store, and fails for each injected fault. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'

const DRIVE = resolve('examples/login-server/drive.mjs')

async function drive(...args: string[]) {
  const child = spawn(process.execPath, [DRIVE, '--seconds', '2', ...args])
  const exit = new Promise<number | null>((done) => child.on('exit', done))
  const [status, output] = await Promise.all([exit, text(child.stdout)])
  const count = (name: string) => Number(new RegExp(`^${name} +(\\d+)`, 'm').exec(output)?.[1])
  return { status, count }
}

test.serial('a drive with a kill loses nothing and exits with status 0', async (t) => {
  const { status, count } = await drive()
  t.deepEqual([count('lost'), count('revived'), count('changed'), count('failed')], [0, 0, 0, 0])
  t.true(count('requests answered') > 0)
  t.true(count('sessions') > 0)
  t.is(status, 0)
})

for (const [sabotage, name] of [
  ['lost', 'lost'],
  ['revived', 'revived'],
  ['link', 'revived'],
] as const) {
  test.serial(
    `the audit detects the sabotage "${sabotage}" and the drive exits with status 1`,
    async (t) => {
      const { status, count } = await drive('--sabotage', sabotage)
      t.is(count(name), 1)
      t.is(status, 1)
    },
  )
}
