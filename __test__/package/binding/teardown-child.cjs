// Child of teardown.test.ts: makes ten tokens, here or in a worker, and ends in the way it is told.
const { join } = require('node:path')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const native = require(join(__dirname, '../../../native.cjs'))

const [folder, how, secret] = isMainThread ? process.argv.slice(2) : workerData

const ENDS = {
  end() {},
  exit: () => process.exit(3),
  'exit-in-listener'(create) {
    process.on('exit', () => create(1))
    process.exit()
  },
  throw() {
    throw new Error('on purpose')
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
  'worker-end': () => {},
  'worker-exit': () => process.exit(0),
  'worker-terminate': spin,
  'exit-beside-worker': spin,
}

if (isMainThread && how.includes('worker')) startWorker()
else main()

function startWorker() {
  const worker = new Worker(__filename, { workerData: [folder, how, secret] })
  worker.on('message', () => {
    if (how === 'exit-beside-worker') process.exit(0)
    worker.terminate()
  })
}

async function main() {
  const { value: store } = await native.openStore({ path: folder, secretKeys: [secret] }, () => {})
  const { create } = store.bind(new ArrayBuffer(native.SCRATCH_BYTES), 0)
  const count = how === 'exit-in-listener' ? 9 : 10
  for (let made = 0; made < count; made++) create(native.DATA_OFFSET, 16, -1, -1, -1)
  setImmediate(() => ENDS[how]((length) => create(native.DATA_OFFSET, length, -1, -1, -1)))
}

function spin() {
  parentPort.postMessage('ready')
  for (;;);
}
