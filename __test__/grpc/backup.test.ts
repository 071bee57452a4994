/** Backups that a master makes for its clients. */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import test from 'ava'
import { CRUDJTError, Store } from '../../build/index.js'
import { BatchClient } from '../../build/src/grpc/client/batch-client.js'
import { Connection } from '../../build/src/grpc/client/connection.js'
import { Kind, plainOperation } from '../../build/src/grpc/wire/batch-operation.js'
import { LocalSocket } from '../../build/src/local/local-stream.js'
import { kill } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import {
  type At,
  type RunningMaster,
  runMaster,
  runOlderMaster,
  stopMaster,
} from '../helpers/masters.js'
import { RawStream } from '../helpers/raw-stream.js'
import { refuses } from '../helpers/refusals.js'

const UNKNOWN = { is: CRUDJTError, code: 'ERR_CRUDJT_UNAUTHENTICATED', says: 'ticket' } as const

/** Calls that send any backup ticket. */
function rawCalls({ grpc_host, grpc_port }: At) {
  const connection = new Connection({ host: grpc_host, port: grpc_port }, 60_000, false)
  const address = `${grpc_host}:${grpc_port}`
  const link = { connection, address, timeout: 60_000, accessKey: undefined, failFast: false }
  const calls = new BatchClient(link, new LocalSocket({ path: address }, false))
  return {
    ask: (ticket?: string) => calls.call<unknown>(plainOperation(Kind.BACKUP, ticket)),
    close: () => calls.close(),
  }
}

/** Runs a test with a master, which is killed at its end. */
async function beside(
  running: Promise<RunningMaster>,
  body: (master: RunningMaster) => Promise<void>,
): Promise<void> {
  const master = await running
  try {
    await body(master)
  } finally {
    if (master.process.exitCode === null && master.process.signalCode === null) {
      await kill(master.process)
    }
  }
}

const tickets = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('ticket'))

async function readAll(path: string, tokens: string[]): Promise<unknown[]> {
  const store = await Store.open({ path, secret_key: KEY })
  const sessions = await Promise.all(tokens.map((token) => store.read(token)))
  await store.close()
  return sessions.map((session) => session?.data.at)
}

test('a client has its master back up the store during writes, including everything answered before', async (t) => {
  await inFolder(async (folder) => {
    await beside(runMaster(join(folder, 'störe')), async (master) => {
      const client = await Store.connect({ ...master.at, timeout_ms: 60_000 })
      const before = await Promise.all(
        Array.from({ length: 5000 }, (_, at) => client.create({ at, text: 'x'.repeat(150) })),
      )
      await client.delete(before[0] as string)
      let isOver = false
      const written: string[] = []
      const write = async () => {
        while (!isOver) written.push(await client.create({ at: -1 }))
      }
      const writing = Promise.all([write(), write(), write()])
      const steps: [number, number][] = []
      const target = join(folder, 'copy')
      const { records } = await client.backup(relative(process.cwd(), target), {
        onProgress: (done, total) => steps.push([done, total]),
      })
      isOver = true
      await writing
      t.true(records >= 4999 && records <= 4999 + written.length)
      t.true(steps.length > 0 && steps.every(([done, total]) => done <= total))
      t.deepEqual(tickets(join(folder, 'störe')), [])
      await client.close()
      await stopMaster(master)
      rmSync(join(folder, 'störe'), { recursive: true })
      await beside(runMaster(target), async (restored) => {
        const again = await Store.connect({ ...restored.at, timeout_ms: 60_000 })
        const sessions = await Promise.all(before.map((token) => again.read(token)))
        t.deepEqual(
          sessions.map((session) => session?.data.at),
          before.map((_, at) => (at === 0 ? undefined : at)),
        )
        await again.close()
      })
    })
  })
})

test('a client that can merely reach the port cannot make the master write anything', async (t) => {
  await inFolder(async (folder) => {
    const store = join(folder, 'store')
    const target = join(folder, 'copy')
    await beside(runMaster(store), async (master) => {
      const calls = rawCalls(master.at)
      t.is(await calls.ask(), store)
      const name = 'A'.repeat(22)
      await refuses(t, () => calls.ask(name), UNKNOWN)
      await refuses(t, () => calls.ask(`../${'A'.repeat(19)}`), UNKNOWN)
      writeFileSync(join(folder, `ticket-${name}`), target)
      await refuses(t, () => calls.ask(name), UNKNOWN)
      symlinkSync(join(folder, `ticket-${name}`), join(store, `ticket-${name}`))
      await refuses(t, () => calls.ask(name), UNKNOWN, 'a link')
      mkdirSync(join(store, `ticket-${'B'.repeat(22)}`))
      await refuses(t, () => calls.ask('B'.repeat(22)), UNKNOWN, 'a folder')
      t.false(existsSync(target))
      writeFileSync(join(store, `ticket-${'C'.repeat(22)}`), target)
      t.deepEqual(Object.keys((await calls.ask('C'.repeat(22))) as object), ['done', 'total'])
      await calls.close()
    })
  })
})

test('backup messages match batch.proto', async (t) => {
  await inFolder(async (folder) => {
    const store = join(folder, 'störe')
    await beside(runMaster(store), async (master) => {
      const stream = new RawStream(master.at).listen().greet()
      t.not((await stream.next()).welcome, null)
      const operation = { number: 1, kind: 'BACKUP' }
      const [reply] = (await stream.send({ operations: [operation] }).next()).replies
      t.like(reply, { number: '1', folder: store, counters: [] })
      const ticket = 'D'.repeat(22)
      writeFileSync(join(store, `ticket-${ticket}`), join(folder, 'copy'))
      const asked = { number: 2, kind: 'BACKUP', token: ticket }
      const [started] = (await stream.send({ operations: [asked] }).next()).replies
      t.like(started, { folder: '', counters: [{ name: 'done' }, { name: 'total' }] })
      stream.close()
      await stopMaster(master)
    })
  })
})

test('errors of the backup reach the client', async (t) => {
  await inFolder(async (folder) => {
    const store = join(folder, 'store')
    await beside(runMaster(store), async (master) => {
      const client = await Store.connect({ ...master.at, timeout_ms: 60_000 })
      await client.create({ at: 1 })
      const refused = { is: CRUDJTError, code: 'ERR_CRUDJT_PATH' } as const
      await refuses(t, () => client.backup(folder), { ...refused, says: 'not empty' })
      await refuses(t, () => client.backup(join(store, 'in')), { ...refused, says: 'elsewhere' })
      const wrong = { is: TypeError, code: 'ERR_CRUDJT_OPTION' } as const
      await refuses(t, () => client.backup(''), wrong)
      await refuses(t, () => client.backup('x', { onProgres() {} } as object), wrong)
      t.deepEqual(tickets(store), [])
      await client.close()
    })
  })
})

test('a client without write access to the folder of the store gets a clear error', async (t) => {
  await inFolder(async (folder) => {
    const store = join(folder, 'store')
    await beside(runMaster(store), async (master) => {
      const client = await Store.connect({ ...master.at, timeout_ms: 60_000 })
      await client.create({ at: 1 })
      rmSync(store, { recursive: true })
      const says = "write access to the store's folder"
      await refuses(t, () => client.backup(join(folder, 'copy')), {
        is: CRUDJTError,
        code: 'ERR_CRUDJT_PATH',
        says,
      })
      await client.close()
    })
  })
})

test('a stale ticket is silently removed when the store opens', async (t) => {
  await inFolder(async (folder) => {
    const token = await Store.open({ path: folder, secret_key: KEY }).then(async (store) => {
      const token = await store.create({ at: 7 })
      await store.close()
      return token
    })
    writeFileSync(join(folder, `ticket-${'A'.repeat(22)}`), '/anywhere')
    const codes: string[] = []
    const onError = ({ code }: { code: string }) => codes.push(code)
    const store = await Store.open({ path: folder, secret_key: KEY, onError })
    await store.close()
    t.deepEqual([codes, tickets(folder)], [[], []])
    t.deepEqual(await readAll(folder, [token]), [7])
  })
})

test('the error for an older master names the reason', async (t) => {
  await inFolder(async (folder) => {
    await beside(runOlderMaster(join(folder, 'store'), 'nil'), async (master) => {
      const client = await Store.connect({ ...master.at, timeout_ms: 60_000 })
      const code = 'ERR_CRUDJT_UNSUPPORTED'
      await refuses(t, () => client.backup('x'), {
        is: CRUDJTError,
        code,
        says: /older.*backup\(\)/,
      })
      await client.close()
    })
  })
})
