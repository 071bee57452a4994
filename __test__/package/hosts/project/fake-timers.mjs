// Under sinon's fake timers: a client of another process, and a master with a client of its own.
// node fake-timers.mjs ADDRESS FOLDER
import { Config, Store } from 'crudjt'
import sinon from 'sinon'

const [address, store_jt_path] = process.argv.slice(2)
const wait = setTimeout
const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='

async function outcome(call) {
  const silence = new Promise((resolve) => wait(resolve, 10_000, 'no reply'))
  return Promise.race([
    call.then(
      () => 'ok',
      ({ code }) => code,
    ),
    silence,
  ])
}

/** What three calls come to: before, during and after the fakes; and the close. */
async function outcomes(at, config) {
  const client = await Store.connect({ ...at, timeout_ms: 2000 })
  const found = [await outcome(client.create({ n: 1 }))]
  const clock = sinon.useFakeTimers(config)
  found.push(await outcome(client.create({ n: 2 }, { durable: true })))
  clock.tick(60_000)
  clock.restore()
  found.push(await outcome(client.create({ n: 3 })), await outcome(client.close()))
  return found
}

const real = { toNotFake: ['nextTick', 'queueMicrotask'] }
const elsewhere = [await outcomes(JSON.parse(address)), await outcomes(JSON.parse(address), real)]
await Config.startMaster({ secret_key, store_jt_path, grpc_port: 0 })
const here = await outcomes(Config.address(), real)
const stopped = await outcome(Config.shutdownServer())
console.log(JSON.stringify({ elsewhere, here, stopped }))
process.exit()
