/** A store as a whole: checked, salvaged, made dense and copied through the library. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { backup, CRUDJTError, compact, keys, repair, Store, verify } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY, OTHER_KEY } from '../helpers/keys.js'
import { refuses } from '../helpers/refusals.js'

const open = (path: string) => Store.open({ path, secret_key: KEY })

/** A closed store with 30 tokens of which the first was deleted. */
async function makeStore(path: string): Promise<string[]> {
  const store = await open(path)
  const tokens = await Promise.all(Array.from({ length: 30 }, (_, at) => store.create({ at })))
  await store.delete(tokens[0] as string)
  await store.close()
  return tokens
}

async function readAll(path: string, tokens: string[]): Promise<unknown[]> {
  const store = await open(path)
  const sessions = await Promise.all(tokens.map((token) => store.read(token)))
  await store.close()
  return sessions.map((session) => session?.data.at)
}

const expected = Array.from({ length: 30 }, (_, at) => (at === 0 ? undefined : at))

function contents(path: string): [string, string][] {
  return readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'base64')])
}

function damage(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

async function isSound(t: ExecutionContext, path: string, records: number): Promise<void> {
  const report = await verify(path, { secret_key: KEY })
  t.deepEqual(report.findings, [])
  t.like(report, { sound: true, records, opened: records, finding_count: 0 })
}

test('a sound store is verified unchanged, with progress', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    await makeStore(path)
    const before = contents(path)
    const steps: [number, number][] = []
    const onProgress = (done: number, total: number) => steps.push([done, total])
    t.like(await verify(path, { onProgress }), { sound: true, records: 29, opened: 0 })
    t.true(steps.every(([done, total]) => done >= 0 && done <= total))
    await isSound(t, path, 29)
    t.deepEqual(contents(path), before)
  })
})

test('a damaged store is recognised, salvaged into a copy, and left unchanged', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const tokens = await makeStore(path)
    damage(join(path, 'keyring'), 50)
    const before = contents(path)
    const report = await verify(path)
    t.false(report.sound)
    t.like(report.findings[0], { kind: 'keyring', file: 'keyring' })
    const repaired = await repair(path, { secret_key: KEY })
    t.like(repaired, { path: `${path}.repaired`, salvaged: 29, doubtful: 0, lost: 0, opened: 29 })
    t.deepEqual(contents(path), before)
    t.deepEqual(await readAll(repaired.path, tokens), expected)
    const other = await repair(path, { target: join(folder, 'other'), keep_doubtful: true })
    await isSound(t, other.path, 29)
    const again = { is: CRUDJTError, code: 'ERR_CRUDJT_PATH', says: 'not empty' } as const
    await refuses(t, () => repair(path), again)
  })
})

test('a compacted store is smaller and keeps everything', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const tokens = await makeStore(path)
    const compacted = await compact(path)
    t.is(compacted.records, 29)
    t.true(compacted.bytes_after <= compacted.bytes_before)
    t.deepEqual(await readAll(path, tokens), expected)
  })
})

test('a backup of an open store opens by itself and holds everything acknowledged before', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const target = join(folder, 'backup')
    const tokens = await makeStore(path)
    const store = await open(path)
    const fresh = await store.create({ at: 30 })
    t.like(await store.backup(target), { records: 30 })
    const later = await store.create({ at: 31 })
    const full = { is: CRUDJTError, code: 'ERR_CRUDJT_PATH', says: 'not empty' } as const
    await refuses(t, () => store.backup(target), full)
    await store.close()
    t.deepEqual(await readAll(target, [...tokens, fresh, later]), [...expected, 30, undefined])
    rmSync(path, { recursive: true })
    await isSound(t, target, 30)
  })
})

test('an open store, no store, and wrong arguments are refused', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const store = await open(path)
    const missing = join(folder, 'missing')
    for (const call of [verify, repair, compact]) {
      await refuses(t, () => call(path), { is: CRUDJTError, code: 'ERR_CRUDJT_STORE_LOCKED' })
      await refuses(t, () => call(missing), { is: CRUDJTError, code: 'ERR_CRUDJT_PATH' })
      const wrong = { is: TypeError, code: 'ERR_CRUDJT_OPTION' } as const
      await refuses(t, () => call('' as string), wrong)
      await refuses(t, () => call(path, { onProgres: () => {} } as object), wrong)
    }
    await refuses(t, () => verify(path, { secret_key: ' ' }), {
      is: TypeError,
      code: 'ERR_CRUDJT_SECRET_KEY',
    })
    await refuses(t, () => store.backup(''), { is: TypeError, code: 'ERR_CRUDJT_OPTION' })
    await store.close()
    await refuses(t, () => store.backup(join(folder, 'late')), {
      is: CRUDJTError,
      code: 'ERR_CRUDJT_NOT_STARTED',
    })
    t.deepEqual(readdirSync(folder), ['store'])
  })
})

test('a closed store is backed up without its secret, and a damaged one is not', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const tokens = await makeStore(path)
    const before = contents(path)
    const target = join(folder, 'copy')
    const steps: [number, number][] = []
    const onProgress = (done: number, total: number) => steps.push([done, total])
    t.like(await backup(path, target, { onProgress }), { records: 29 })
    t.true(steps.every(([done, total]) => done <= total))
    t.deepEqual(contents(path), before)
    t.deepEqual(await readAll(target, tokens), expected)
    const full = { is: CRUDJTError, code: 'ERR_CRUDJT_PATH', says: 'not empty' } as const
    await refuses(t, () => backup(path, target), full)
    damage(join(path, 'records'), 4200)
    damage(join(path, 'records'), 8300)
    const damaged = { is: CRUDJTError, code: 'ERR_CRUDJT_DAMAGED', says: 'repair' } as const
    await refuses(t, () => backup(path, join(folder, 'other')), damaged)
    await refuses(t, () => open(join(folder, 'other')), { is: CRUDJTError, code: damaged.code })
  })
})

test('keys are listed by fingerprint and age, also of a store in use, and never reveal a key', async (t) => {
  await inFolder(async (folder) => {
    const begin = Date.now()
    const store = await open(folder)
    const [first, ...none] = await keys(folder, { secret_key: KEY })
    t.deepEqual(none, [])
    t.regex(first?.fingerprint ?? '', /^[0-9a-f]{8}$/)
    t.true((first?.created_at_ms ?? 0) >= begin && (first?.created_at_ms ?? 0) <= Date.now())
    t.like(first, { opens: true, slots: [{ own: true, opens: true }] })
    await store.create({ at: 1 })
    await store.close()
    const rotated = await Store.open({ path: folder, secret_key: [OTHER_KEY, KEY] })
    await rotated.create({ at: 2 })
    await rotated.close()
    const listed = await keys(folder, { secret_key: OTHER_KEY })
    t.deepEqual(
      listed.map(({ opens, slots }) => [opens, slots.map(({ own, opens }) => [own, opens])]),
      [
        [
          true,
          [
            [true, false],
            [false, true],
          ],
        ],
        [true, [[true, true]]],
      ],
    )
    t.is(listed[0]?.fingerprint, first?.fingerprint)
    t.false((await keys(folder)).some(({ opens }) => opens))
    await refuses(t, () => keys(join(folder, 'missing')), {
      is: CRUDJTError,
      code: 'ERR_CRUDJT_PATH',
    })
  })
})
