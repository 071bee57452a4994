/**
 * Folders that hold no store one could open: each gives a coded error that says what to do, loses
 * nothing that was readable, and leaves the process running.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CRUDJTError, type ErrorCode, Store } from 'crudjt'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { makeReadOnly, mountSmall, unmount } from '../helpers/mount.js'
import { refuses } from '../helpers/refusals.js'

const data = { a: 1 }
const open = (path: string, options = {}) => Store.open({ path, secret_key: KEY, ...options })

function refusesToOpen(t: ExecutionContext, path: string, code: ErrorCode, says: string | RegExp) {
  return refuses(t, () => open(path), { is: CRUDJTError, code, says })
}

/** A closed store with one token. */
async function makeStore(path: string): Promise<string> {
  const store = await open(path)
  const token = await store.create(data)
  await store.close()
  return token
}

async function stillReads(t: ExecutionContext, path: string, token: string): Promise<void> {
  const store = await open(path)
  t.deepEqual(await store.read(token), { data })
  await store.close()
}

test('a store folder is made with its parents and is private to its owner', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'a/b/c')
    await stillReads(t, path, await makeStore(path))
    t.is(statSync(path).mode & 0o777, 0o700)
  })
})

test('a folder that is a file is refused', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'file')
    writeFileSync(path, 'mine')
    await refusesToOpen(t, path, 'ERR_CRUDJT_PATH', path)
    await refusesToOpen(t, join(path, 'below'), 'ERR_CRUDJT_PATH', path)
    t.is(readFileSync(path, 'utf8'), 'mine')
  })
})

test('a read-only folder is refused', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    mkdirSync(path)
    const undo = makeReadOnly(path)
    try {
      for (const folder of [path, join(path, 'below')]) {
        await refusesToOpen(t, folder, 'ERR_CRUDJT_PATH', /read-only|permission denied/)
        await refusesToOpen(t, folder, 'ERR_CRUDJT_PATH', folder)
      }
    } finally {
      undo()
    }
    await stillReads(t, path, await makeStore(path))
  })
})

/** Fills up a file system to the last block. */
function fillUp(folder: string): string {
  const filler = join(folder, 'filler')
  const file = openSync(filler, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch {
    closeSync(file)
  }
  return filler
}

test('a store is not opened on a full disk', async (t) => {
  await inFolder(async (folder) => {
    if (!mountSmall(folder, 512)) {
      // Not allowed to mount: a device that is always full can't hold a folder either.
      await refusesToOpen(t, '/dev/full/store', 'ERR_CRUDJT_PATH', '/dev/full')
      return
    }
    try {
      fillUp(folder)
      await refusesToOpen(t, join(folder, 'store'), 'ERR_CRUDJT_FULL', folder)
    } finally {
      unmount(folder)
    }
  })
})

test('when the disk fills up, writes are refused and existing records stay', async (t) => {
  await inFolder(async (folder) => {
    const isSmall = mountSmall(folder, 192 * 1024)
    try {
      const path = join(folder, 'store')
      const store = await open(path, { max_data_size: 65_536 })
      const token = await store.create(data)
      if (!isSmall) t.log('not tried: this process may not mount a small file system')
      else {
        const filler = fillUp(folder)
        const d = 'x'.repeat(60_000)
        const error = await t.throwsAsync(async () => {
          for (let i = 0; i < 2000; i++) await store.create({ d })
        })
        t.is((error as CRUDJTError).code, 'ERR_CRUDJT_FULL')
        t.deepEqual(await store.read(token), { data })
        rmSync(filler)
      }
      await store.close()
      const again = await open(path, { max_data_size: 65_536 })
      t.deepEqual(await again.read(token), { data })
      await again.close()
    } finally {
      if (isSmall) unmount(folder)
    }
  })
})

/** A keyring of format version 3, empty, with a right checksum. */
const NEWER_KEYRING = Buffer.from(
  '435255444a544b520300000000000000000102030405060708090a0b0c0d0e0f01000000000000001ee1210fc78456af',
  'hex',
)

test('a store of a newer version is refused by name and left as it is', async (t) => {
  await inFolder(async (folder) => {
    const token = await makeStore(folder)
    const copies = ['keyring', 'keyring.copy'].map((name) => join(folder, name))
    const kept = copies.map((file) => readFileSync(file))
    for (const file of copies) writeFileSync(file, NEWER_KEYRING)
    await refusesToOpen(t, folder, 'ERR_CRUDJT_VERSION', /version 3\b.*newer crudjt/)
    for (const file of copies) t.deepEqual(readFileSync(file), NEWER_KEYRING)
    copies.forEach((file, i) => {
      writeFileSync(file, kept[i] as Buffer)
    })
    await stillReads(t, folder, token)
  })
})

test('one lost copy of the keyring is rewritten, two lost copies are damage', async (t) => {
  await inFolder(async (folder) => {
    const token = await makeStore(folder)
    rmSync(join(folder, 'keyring'))
    const events: { code: string }[] = []
    const store = await open(folder, { onError: (event: { code: string }) => events.push(event) })
    t.deepEqual(await store.read(token), { data })
    await store.close()
    t.deepEqual(
      events.map(({ code }) => code),
      ['CRUDJT_KEYRING_REPAIRED'],
    )

    const copies = ['keyring', 'keyring.copy'].map((name) => join(folder, name))
    const kept = copies.map((file) => readFileSync(file))
    for (const file of copies) rmSync(file)
    await refusesToOpen(t, folder, 'ERR_CRUDJT_DAMAGED', /keyring/)
    copies.forEach((file, i) => {
      writeFileSync(file, kept[i] as Buffer)
    })
    await stillReads(t, folder, token)
  })
})

test('a missing tree or journal is damage, not an empty store', async (t) => {
  await inFolder(async (folder) => {
    const token = await makeStore(folder)
    const names = readdirSync(folder).filter((file) => /^(records|journal)/.test(file))
    t.is(names.length, 2, `${names}`)
    for (const name of names) {
      const file = join(folder, name)
      const kept = readFileSync(file)
      rmSync(file)
      await refusesToOpen(t, folder, 'ERR_CRUDJT_DAMAGED', folder)
      writeFileSync(file, kept)
    }
    await stillReads(t, folder, token)
  })
})
