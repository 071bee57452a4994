// Packs and unpacks the same records often, in a process that forbids making functions from text.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from 'crudjt'

assert.throws(() => new Function('return 1'), EvalError)
const path = mkdtempSync(join(tmpdir(), 'crudjt-test-'))
const secret_key = 'Q1JVREpUIHRlc3Qga2V5OiBub3QgYSBzZWNyZXQhISE='
const store = await Store.open({ path, secret_key })
for (let i = 0; i < 300; i++) {
  const data = { user: { id: i, name: 'Ada Lovelace' }, tags: ['a', { b: i }], role: 'member' }
  const token = await store.create(data)
  for (let j = 0; j < 3; j++) assert.deepEqual(await store.read(token), { data })
}
await store.close()
rmSync(path, { recursive: true })
process.disconnect()
