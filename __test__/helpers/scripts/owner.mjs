// Opens a store and does what it is told. node owner.mjs FOLDER KEY
import { Store } from 'crudjt'

const [path, secret_key] = process.argv.slice(2)
const store = await Store.open({ path, secret_key })
const tokens = []

const orders = {
  async create() {
    tokens.push(await store.create({ n: tokens.length }, null, 1000))
    return tokens.at(-1)
  },
  /** Many operations at once; tells those that were answered before it is killed. */
  async work() {
    for (let n = 0; n < 64; n++) void keepWorking(n)
    return 'working'
  },
  async close() {
    await store.close()
    return 'closed'
  },
}

async function keepWorking(n) {
  for (let i = 0; ; i++) {
    const token = await store.create({ n, i })
    if (i % 3 === 1) await store.update(token, { n, i, updated: true })
    const deleted = i % 3 === 2 && (await store.delete(token))
    process.send({ token, data: i % 3 === 1 ? { n, i, updated: true } : { n, i }, deleted })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

process.on('message', async (order) => process.send(await orders[order]()))
process.send('ready')
