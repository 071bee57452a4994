// A test file as users write them, for jest and vitest: a master and a client, under fake timers too.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CRUDJT, Store } from 'crudjt'

const { Config } = CRUDJT
const runner = typeof jest === 'undefined' ? vi : jest
const folder = mkdtempSync(join(tmpdir(), 'crudjt-test-'))
let client

beforeAll(async () => {
  const secret_key = 'nSjWk2Q6w50NWkXr0EGvzqU6lAKdar7R2hBrjdfZ+DI='
  await Config.startMaster({ secret_key, store_jt_path: folder, grpc_port: 0 })
  client = await Store.connect({ ...Config.address(), timeout_ms: 5000 })
})
afterAll(async () => {
  await client.close()
  await Config.shutdownServer()
  rmSync(folder, { recursive: true })
})

async function works() {
  const at = new Date(5)
  const token = await client.create({ n: 1, at }, { durable: true })
  expect(await client.read(token)).toEqual({ data: { n: 1, at } })
  expect(await CRUDJT.read(token)).toEqual({ data: { n: 1, at } })
  expect(await client.delete(token)).toBe(true)
  const mistake = await client.read('').catch((error) => error)
  expect(mistake.code).toBe('ERR_CRUDJT_TOKEN')
}

test('a master answers a client', works)

test('fake timers', async () => {
  runner.useFakeTimers()
  await works()
  runner.setSystemTime(0)
  runner.advanceTimersByTime(3_600_000)
  await works()
  runner.useRealTimers()
  await works()
})
