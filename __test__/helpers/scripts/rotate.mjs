// Opens a store with a list of secrets, says so, makes a token, says so, and waits. node rotate.mjs FOLDER SECRETS
import { Store } from 'crudjt'

const [path, secrets] = process.argv.slice(2)
const tell = (message) => new Promise((resolve) => process.send(message, resolve))

await tell('ready')
const store = await Store.open({ path, secret_key: secrets.split(',') })
await tell({ opened: true })
const token = await store.create({ made: 'under the newest' })
await tell({ token })
setInterval(() => {}, 1000)
