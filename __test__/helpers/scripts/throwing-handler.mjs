// Opens a store that has an event to tell, with a handler that throws: the error is an uncaught
// exception, which this program survives, and the store goes on.
import { strict as assert } from 'node:assert'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Store } from 'crudjt'

const [path, secret_key] = process.argv.slice(2)
const thrown = new Error('of the handler')
const caught = []
process.on('uncaughtException', (error) => caught.push(error))

mkdirSync(path, { recursive: true })
writeFileSync(join(path, 'foreign'), '')
const store = await Store.open({
  path,
  secret_key,
  onError() {
    throw thrown
  },
})
while (caught.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
assert.deepEqual(caught, [thrown])
const token = await store.create({ user_id: 42 }, { durable: true })
assert.equal((await store.read(token)).data.user_id, 42)
await store.close()
