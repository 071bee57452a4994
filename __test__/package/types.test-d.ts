/** What the types promise; tsc checks this file, nothing runs it. */
import CRUDJT, {
  type ArgumentError,
  type BackupOptions,
  type BackupReport,
  backup,
  Config,
  CRUDJTError,
  type CreateOptions,
  create,
  delete as del,
  type ErrorCode,
  Extension,
  isCrudjtError,
  type KeyDomain,
  keys,
  type MasterOptions,
  type Metadata,
  read,
  type Session,
  type SessionCalls,
  type SessionStore,
  type Storable,
  Store,
  type StoreEvent,
  type StoreOptions,
  type StoreStats,
  type UpdateOptions,
  update,
} from 'crudjt'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const prove = <T extends true>(_proof?: T): void => {}

interface User {
  id: number
}

class Account {
  id = 1
  private secret = 2
  get name(): string {
    return `${this.secret}`
  }
}

async function generic<Data extends object>(data: Data, token: string): Promise<Data | undefined> {
  await update(token, data)
  return (await read<Data>(token))?.data
}

export async function calls(): Promise<void> {
  const token = await create({ id: 1 }, 60, 3)
  prove<Equal<typeof token, string>>()
  await create({ id: 1 } satisfies User, null, 5n)
  await create({}, { ttl: 60, silence_read: null, durable: true })
  const session = await read<{ user: User }>(token)
  prove<Equal<typeof session, Session<{ user: User }> | null>>()
  prove<Equal<Metadata['ttl'], number | bigint | undefined>>()
  prove<Equal<Awaited<ReturnType<typeof update>>, boolean>>()
  await update(token, {}, { keep: true, durable: true, ttl: 5 })
  prove<Equal<Awaited<ReturnType<typeof del>>, boolean>>()
  await del(token, { durable: true })

  await create(session as Session<{ user: User }>)
  await create(new Account())
  await create(session?.data ?? {})
  await create({ list: [1, new Date(), { a: undefined }], map: new Map(), fn: undefined })
  await update(token, JSON.parse('{}') as Record<string, unknown>)
  await generic({ id: 1 }, token)

  // @ts-expect-error data must be an object
  await create('text')
  // @ts-expect-error neither a number nor null
  await create(Math.random() > 0.5 ? 5 : null)
  // @ts-expect-error an array is no data
  await create([1])
  // @ts-expect-error nor a read-only one
  await create([1] as readonly number[])
  // @ts-expect-error nor a function
  await create(() => ({}))
  // @ts-expect-error nor a class
  await update(token, Account)
  // @ts-expect-error nor a Date
  await create(new Date())
  // @ts-expect-error nor bytes
  await create(Buffer.alloc(1))
  // @ts-expect-error nor a Map
  await update(token, new Map([['a', 1]]))
  // @ts-expect-error nor a promise of data
  await create(Promise.resolve({ id: 1 }))
  // @ts-expect-error a limit is a number
  await create({}, '5')
  // @ts-expect-error create knows no keep
  await create({}, { keep: true })
  // @ts-expect-error a token is a string
  await read(5)
}

export async function lifeCycle(): Promise<void> {
  const options: MasterOptions = { secret_key: ['new', 'old'], grpc_port: 0, store_jt_path: '/x' }
  await Config.startMaster(options)
  await Config.startMaster({ secret_key: 'x', onError: (event: StoreEvent) => event.code })
  await Config.connectToMaster({ grpc_host: 'localhost' })
  prove<Equal<ReturnType<typeof Config.wasStarted>, boolean>>()
  await Config.connectToMaster({ timeout_ms: 100, access_key: 'key', ...Config.address() })
  prove<Equal<typeof CRUDJT.Config, typeof Config>>()
  prove<Equal<typeof CRUDJT.CRUDJT.create, typeof create>>()

  // @ts-expect-error the secret is missing
  await Config.startMaster({})
  // @ts-expect-error camelCase
  await Config.startMaster({ secretKey: 'x' })
  // @ts-expect-error that is Store.open's name for it
  await Config.startMaster({ secret_key: 'x', path: '/x' })
}

export async function stores(options: StoreOptions): Promise<StoreStats> {
  await using store: Store = await Store.open(options)
  prove<Equal<ReturnType<typeof store.createSync>, string>>()
  prove<Equal<ReturnType<typeof store.updateSync>, boolean>>()
  const user = store.readSync<User>('x')?.data.id
  prove<Equal<typeof user, number | undefined>>()
  const limits: UpdateOptions & CreateOptions = { ttl: 5 }
  store.updateSync('x', { extension: new Extension(5, Buffer.alloc(1)) } satisfies Storable, limits)
  // @ts-expect-error only open makes stores
  new Store()
  return store.stats()
}

export function errors(error: unknown): ErrorCode | undefined {
  if (error instanceof CRUDJTError) return error.code
  const argument: ArgumentError | undefined = isCrudjtError(error)
    ? (error as ArgumentError)
    : undefined
  return isCrudjtError(error) ? error.code : argument?.code
}

export async function eitherStore(local: boolean): Promise<void> {
  const open = () => Store.open({ secret_key: 'x' })
  const store: SessionStore = local ? await open() : await Store.connect({ grpc_port: 1 })
  const session = await store.read<{ user: User }>(await store.create({ user: { id: 1 } }))
  prove<Equal<typeof session, Session<{ user: User }> | null>>()
  const token: string = store.createSync({})
  void token
  const calls: SessionCalls = store
  void calls
  await store.flush()
  const stats: StoreStats = await store.stats()
  await store[Symbol.asyncDispose]()
  void stats
}

export async function wholeStores(store: Store): Promise<void> {
  const { records } = await backup('store', 'copy', { onProgress: (done, total) => done / total })
  prove<Equal<typeof records, number>>()
  prove<Equal<Awaited<ReturnType<Store['backup']>>, BackupReport>>()
  prove<Equal<SessionStore['backup'], (t: string, o?: BackupOptions) => Promise<BackupReport>>>()
  await store.backup('copy', { onProgress: () => {} })
  const [domain] = await keys('store', { secret_key: ['new', 'old'] })
  prove<Equal<typeof domain, KeyDomain | undefined>>()
  prove<Equal<KeyDomain['created_at_ms'], number | undefined>>()

  // @ts-expect-error a copy needs a folder
  await backup('store')
  // @ts-expect-error keys has no progress
  await keys('store', { onProgress: () => {} })
}
