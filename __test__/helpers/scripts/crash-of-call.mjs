// Ends by an error that a call throws. node crash-of-call.mjs FOLDER KEY
import { Store } from 'crudjt'

const [, , path, secret_key] = process.argv
const store = await Store.open({ path, secret_key })
setImmediate(() => store.createSync({ a: () => 1 }))
