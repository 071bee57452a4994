// Opens a store with a list of secrets, reports that, creates a token, reports that, and waits. Kills
// itself AFTER milliseconds from the beginning of the opening: a timer in the parent would come late on a
// busy machine. node rotate.mjs FOLDER SECRETS [AFTER]
import { Store } from 'crudjt'

const [path, secrets, after] = process.argv.slice(2)
const tell = (message) => new Promise((resolve) => process.send(message, resolve))

await tell('ready')
const begin = performance.now()
if (after !== undefined) setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(after))
const store = await Store.open({ path, secret_key: secrets.split(',') })
await tell({ opened: true })
const token = await store.create({ made: 'under the newest' })
await tell({ token, took: performance.now() - begin })
setInterval(() => {}, 1000)
