// Opens and closes 600 times, keeps every handle, and prints how many MB the process has grown by since
// the tenth: for handles of a store of its own each, and of one that stays open.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Store } from 'crudjt'

const [, , given, secret_key] = process.argv
// In memory, where there is such a place: on disk its syncs take a minute.
const isInMemory = existsSync('/dev/shm')
const folder = isInMemory ? mkdtempSync('/dev/shm/crudjt-test-') : given
const kept = []
const megabytes = () => process.memoryUsage.rss() / 1e6

async function grown(pathOf) {
  let before = 0
  for (let round = 0; round < 600; round++) {
    if (round === 10) before = megabytes()
    const store = await Store.open({ path: pathOf(round), secret_key })
    await store.close()
    kept.push(store)
  }
  return megabytes() - before
}

const stores = await grown(() => join(folder, 'one'))
const open = await Store.open({ path: join(folder, 'open'), secret_key })
const handles = await grown(() => join(folder, 'open'))
await open.close()
if (isInMemory) rmSync(folder, { recursive: true })
console.log(JSON.stringify({ stores, handles }))
