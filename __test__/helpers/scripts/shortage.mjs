// Uses up the descriptors of its process, and frees them again; tells what went on meanwhile.
// bash -c 'ulimit -n 64; node shortage.mjs FOLDER KEY'
import { closeSync, openSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Store } from 'crudjt'

const [path, secret_key] = process.argv.slice(2)
const events = []
const open = () => Store.open({ path, secret_key, onError: ({ code }) => events.push(code) })

let store = await open()
const data = { text: 'x'.repeat(200) }
const tokens = []
const codeOf = (work) => {
  try {
    for (;;) work()
  } catch (error) {
    return error.code
  }
}
for (let count = 0; count < 1000; count++) tokens.push(store.createSync(data))

const held = []
const shortage = codeOf(() => held.push(openSync('/dev/null')))
const refused = codeOf(() => tokens.push(store.createSync(data)))
const dead = tokens.splice(0, 1000)
const deleted = dead.filter((token) => store.deleteSync(token)).length
await store.flush()
const read = tokens.filter((_, at) => at % 100 === 0).every((token) => store.readSync(token))

for (const file of held) closeSync(file)
const begin = performance.now()
const createLater = () => store.create(data).catch(() => setTimeout(50).then(createLater))
tokens.push(await createLater())
const again = performance.now() - begin

await store.close()
store = await open()
const kept = tokens.filter((token) => store.readSync(token)).length === tokens.length
const revived = dead.filter((token) => store.readSync(token)).length
await store.close()
console.log(JSON.stringify({ shortage, refused, deleted, read, again, kept, revived, events }))
