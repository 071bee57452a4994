// Opens and closes 600 times, keeps every handle, and prints how many MB the process has grown by since
// the tenth: for handles of a store of its own each, and of one that stays open.
import { join } from 'node:path'
import { Store } from 'crudjt'

const [, , folder, secret_key] = process.argv
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
console.log(JSON.stringify({ stores, handles }))
