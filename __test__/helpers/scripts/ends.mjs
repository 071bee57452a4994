// Ends in one of several ways with a store open. node ends.mjs HOW FOLDER KEY
import { Config, create, Store } from 'crudjt'

const [how, path, secret_key] = process.argv.slice(2)
process.disconnect()

if (how === 'by itself' || how === 'by process.exit') {
  const store = await Store.open({ path, secret_key, sync_interval_ms: 3_600_000 })
  console.log(await store.create({ how }))
  if (how === 'by process.exit') process.exit(0)
} else {
  await Config.startMaster({ store_jt_path: path, secret_key, grpc_port: 0 })
  console.log(await create({ how }))
  if (how === 'after shutdownServer') await Config.shutdownServer()
  // A master lives on; without the timer below this process would hang.
  setTimeout(() => process.exit(how === 'as a master' ? 7 : 8), 500).unref()
}
