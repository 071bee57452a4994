/** A shortage that passes, such as of descriptors, stops only what needs what is short. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const script = join(__dirname, '../helpers/scripts/shortage.mjs')
const only = process.platform === 'win32' ? test.skip : test

only('without descriptors deletes go on, and creates do as soon as there are some', async (t) => {
  await inFolder(async (folder) => {
    const command = 'ulimit -n 64; exec "$0" "$@"'
    const args = ['-c', command, process.execPath, script, join(folder, 'store'), KEY]
    const { stdout } = await promisify(execFile)('bash', args)
    const { again, ...found } = JSON.parse(stdout)
    t.deepEqual(found, {
      shortage: 'EMFILE',
      refused: 'ERR_CRUDJT_STORAGE',
      deleted: 1000,
      read: true,
      kept: true,
      revived: 0,
      events: [],
    })
    t.true(again < 3000, `creates went on after ${again} ms`)
  })
})
