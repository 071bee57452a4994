// In a worker thread: uses up the reads of a token together with others, and tells what it got.
import { parentPort, workerData } from 'node:worker_threads'
import { Store } from 'crudjt'

const { path, secret_key, token, changing } = workerData
const store = await Store.open({ path, secret_key })
const seen = []
for (;;) {
  const session = await store.read(token)
  if (session === null) break
  seen.push(session.metadata.silence_read)
}
const versions = []
for (let i = 0; i < 200; i++) {
  if (i % 10 === 0) await store.update(changing, { i })
  versions.push((await store.read(changing)).data.i)
}
await store.close()
parentPort.postMessage({ seen, versions })
