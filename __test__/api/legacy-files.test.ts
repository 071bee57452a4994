/**
 * A folder that holds a store of 1.x: its files are mentioned once and left alone, and a store of
 * this version works beside them. The names are those that crudjt 1.0.1 makes (its engine is sled
 * 0.34): `conf`, `db`, `blobs` with a file for each large record, and `snap.` with a log position.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Store, type StoreEvent } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

const OLD = {
  conf: 'segment_size: 16777216\nuse_compression: false\nversion: 0.34\n',
  db: 'records',
  'snap.000000000001EE6C': 'snapshot',
  'snap.000000000002A400.generating': 'half a snapshot',
  'blobs/256': 'a large record',
}
const MENTIONED = [
  'blobs',
  'conf',
  'db',
  'snap.000000000001EE6C',
  'snap.000000000002A400.generating',
]

function leaveOldStore(folder: string): void {
  mkdirSync(join(folder, 'blobs'))
  for (const [name, text] of Object.entries(OLD)) writeFileSync(join(folder, name), text)
}

const oldStoreIn = (folder: string) =>
  Object.fromEntries(
    Object.keys(OLD).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )

test('the files of 1.x are reported once at each opening and left unchanged', async (t) => {
  await inFolder(async (folder) => {
    leaveOldStore(folder)
    for (const opening of ['first', 'second']) {
      const events: StoreEvent[] = []
      const store = await Store.open({
        path: folder,
        secret_key: KEY,
        onError: (event) => events.push(event),
      })
      await store.close()
      t.deepEqual(
        events.map(({ code }) => code),
        ['CRUDJT_FOREIGN_FILES'],
        opening,
      )
      const { message = '' } = events[0] ?? {}
      for (const part of [folder, '1.x', ...MENTIONED]) t.true(message.includes(part), part)
      t.deepEqual(oldStoreIn(folder), OLD)
    }
  })
})

test('a store works beside the files of 1.x and keeps its tokens', async (t) => {
  await inFolder(async (folder) => {
    leaveOldStore(folder)
    const options = { path: folder, secret_key: KEY, onError: () => {} }
    const store = await Store.open(options)
    const [kept, deleted] = [await store.create({ a: 1 }, 60, 3), await store.create({ a: 2 })]
    t.true(await store.update(kept, { a: 3 }))
    t.true(await store.delete(deleted))
    await store.close()

    const again = await Store.open(options)
    t.deepEqual(await again.read(kept), { data: { a: 3 } })
    t.is(await again.read(deleted), null)
    await again.close()
    t.deepEqual(oldStoreIn(folder), OLD)
  })
})
