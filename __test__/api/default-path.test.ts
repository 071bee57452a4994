/** Where a store is when nobody names a folder and the system's place can't be written. */
import { execFileSync } from 'node:child_process'
import { chownSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import test from 'ava'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const NOBODY = 65534
const IS_ROOT = process.getuid?.() === 0
// Root writes everywhere, so it hands the test on to a user who doesn't, who must get at the code.
const asOther =
  process.platform === 'linux' && (!IS_ROOT || isOpenToAll(__dirname)) ? test : test.skip

/** Whether every folder on the way can be passed by everybody. */
function isOpenToAll(folder: string): boolean {
  const isOpen = (statSync(folder).mode & 0o001) !== 0
  return isOpen && (dirname(folder) === folder || isOpenToAll(dirname(folder)))
}

const OPENS_TWICE = `
const { Store } = require(process.argv[1])
const events = []
const options = { secret_key: process.argv[2], onError: (event) => events.push(event) }
async function main() {
  const one = await Store.open(options)
  const other = await Store.open(options)
  await one.create({ a: 1 }, { durable: true })
  await Promise.all([one.close(), other.close()])
  console.log(JSON.stringify({ path: one.path, events }))
}
main()`

asOther(
  "the store goes into the project's folder, and its owner is told once where that is",
  async (t) => {
    await inFolder(async (given) => {
      const folder = realpathSync(given)
      if (IS_ROOT) chownSync(folder, NOBODY, NOBODY)
      writeFileSync(join(folder, 'package.json'), '{}')
      const args = ['-e', OPENS_TWICE, resolve('dist/index.js'), KEY]
      const user = IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {}
      const said = execFileSync(process.execPath, args, { cwd: folder, ...user }).toString()
      const { path, events } = JSON.parse(said)
      t.is(path, join(folder, 'store_jt'))
      t.deepEqual(
        events.map(({ code }: { code: string }) => code),
        ['CRUDJT_IN_PROJECT'],
      )
      t.true(events[0].message.includes(path), events[0].message)
    })
  },
)
