/** The login server's drive: passes on a sound store, and fails on each thing that it is there to find. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'

const DRIVE = resolve('examples/login-server/drive.mjs')

async function drive(...args: string[]) {
  const child = spawn(process.execPath, [DRIVE, '--seconds', '2', ...args])
  const ended = new Promise<number | null>((done) => child.on('exit', done))
  const [status, shown] = await Promise.all([ended, text(child.stdout)])
  const count = (name: string) => Number(new RegExp(`^${name} +(\\d+)`, 'm').exec(shown)?.[1])
  return { status, count }
}

test.serial('a drive through a kill loses nothing and ends with status 0', async (t) => {
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
    `the audit finds the sabotage "${sabotage}" and the drive ends with status 1`,
    async (t) => {
      const { status, count } = await drive('--sabotage', sabotage)
      t.is(count(name), 1)
      t.is(status, 1)
    },
  )
}
