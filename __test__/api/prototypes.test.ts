/** Records are read as they were stored whatever a program does to `Object.prototype`. */
import test from 'ava'
import { runProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { runMaster, stopMaster } from '../helpers/masters.js'

for (const change of ['freeze', 'freeze all', 'seal', 'setters', 'getters', 'overridable']) {
  for (const when of ['before', 'after']) {
    test(`keys of Object.prototype are only keys: ${change} ${when} the package is loaded`, async (t) => {
      await inFolder(async (folder) => {
        const { status, text } = await runProcess('prototypes.mjs', folder, KEY, change, when)
        t.is(status, 0, text)
      })
    })
  }
}

test('a client of a master reads them in a process whose prototypes are frozen', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder)
    const address = JSON.stringify(master.at)
    const { status, text } = await runProcess(
      'prototypes.mjs',
      folder,
      KEY,
      'freeze all',
      'before',
      address,
    )
    t.is(status, 0, text)
    await stopMaster(master)
  })
})
