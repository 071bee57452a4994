// A master whose gRPC library cannot be loaded at the first connection, and can later.
// node late-load.mjs FOLDER missing|descriptors
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Config, Store } from 'crudjt'

const [store_jt_path, kind] = process.argv.slice(2)
if (kind === 'client') {
  const client = await Store.connect({
    ...JSON.parse(store_jt_path),
    local: false,
    timeout_ms: 20_000,
  })
  process.send((await client.create({ a: 1 })).length)
  await client.close()
  process.disconnect()
} else {
  await serve()
}

async function serve() {
  const events = []
  const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='
  const onError = ({ code }) => events.push(code)
  await Config.startMaster({ secret_key, store_jt_path, grpc_port: 0, onError })
  const client = fork(import.meta.filename, [JSON.stringify(Config.address()), 'client'])
  const answer = once(client, 'message')
  const restore = kind === 'missing' ? hideLibrary() : await useUpDescriptors()
  while (events.length === 0) await delay(10)
  restore()
  const [length] = await answer
  await Config.shutdownServer()
  console.log(JSON.stringify({ length, events }))
}

/** npm is replacing the files. */
function hideLibrary() {
  const library = dirname(
    dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js/package.json')),
  )
  renameSync(library, `${library}.gone`)
  return () => renameSync(`${library}.gone`, library)
}

/** All descriptors but the one that the next connection takes. */
function useUpDescriptors() {
  const held = []
  try {
    for (;;) held.push(openSync('/dev/null'))
  } catch {
    closeSync(held.pop())
  }
  return () => held.forEach(closeSync)
}
