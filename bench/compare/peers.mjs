/**
 * The peers: how each is configured and why, what it does not do, and how much of what it acknowledged
 * survives a crash. Loaded only when its turn comes, since peers may be missing.
 */
const LMDB = {
  driver: () => import('../peers/drivers/lmdb.mjs'),
  revocable: true,
  packages: ['lmdb'],
  lacks:
    'no encryption, no expiry, no counted reads; an update does not report whether there was a token; a put that is not awaited is only queued: it can neither be read yet nor survive anything',
  durability: 'what is committed survives a kill, what is flushed a power failure',
}
const JWT = {
  revocable: false,
  lacks:
    'no revocation, no update, no delete, no counted reads, no encryption: whoever has the token reads it',
  durability: 'keeps nothing',
}
const REDIS = {
  server: true,
  durability:
    'answers from memory; the append-only file is synced once a second, so a crash of the process or the machine costs up to a second or two',
  lacks: 'no encryption, all data in memory, a separate server to run, no atomic counted reads',
}
const REDIS_SETTINGS = 'appendonly yes, appendfsync everysec, no snapshots; data packed by msgpackr'

export const PEERS = {
  ours: {
    name: 'crudjt',
    driver: () => import('./ours.mjs'),
    revocable: true,
    settings: 'defaults',
    lacks: '',
    durability:
      'an acknowledged call survives a kill of the process at once and a power failure after 500 ms',
  },
  map: {
    name: 'no store: a Map',
    driver: () => import('./map.mjs'),
    revocable: true,
    settings: 'a Map of the process behind async functions, which keeps the objects themselves',
    lacks:
      'everything: no files, no encryption, no expiry, no counted reads, no other processes; changing a returned object changes what is read next',
    durability: 'keeps nothing',
  },
  older: {
    name: 'crudjt 1.0.1',
    driver: () => import('../peers/drivers/older.mjs'),
    revocable: true,
    packages: ['crudjt-1'],
    settings:
      'defaults; its cache holds 40 000 tokens, so that every read after a create is answered from it, and returns the object it was given',
    lacks:
      'no flush and no orderly close of the store; changing a returned object changes what is read next',
    durability:
      'writes twice a second; what was acknowledged since is lost with the process, at an orderly exit too (the bench waits two seconds before it closes)',
  },
  lmdb: {
    name: 'lmdb',
    settings: 'defaults: records by msgpackr. Puts are not awaited, unless a row says so',
    ...LMDB,
  },
  lmdbShared: {
    name: 'lmdb, shared structures',
    options: { settings: { sharedStructuresKey: Symbol.for('structures') } },
    settings:
      'property names stored once for all records, which its manual recommends for similar records',
    ...LMDB,
  },
  sqlite: {
    name: 'better-sqlite3',
    driver: () => import('../peers/drivers/better-sqlite3.mjs'),
    revocable: true,
    packages: ['better-sqlite3'],
    settings:
      'journal_mode WAL, synchronous NORMAL, prepared statements, a transaction a call, token as primary key without rowid; data packed by msgpackr',
    lacks: 'no encryption, no expiry, no counted reads; every call blocks the thread',
    durability:
      'a committed call survives a kill; a power failure costs what came after the last checkpoint of the WAL',
  },
  fastjwtCached: {
    name: 'fast-jwt, cache',
    driver: () => import('../peers/drivers/fast-jwt.mjs'),
    packages: ['fast-jwt'],
    options: { cached: 50_000 },
    settings:
      'HS256, 256-bit key; its cache of verified tokens holds 50 000, all of them (1 000 by default)',
    ...JWT,
  },
  fastjwt: {
    name: 'fast-jwt',
    driver: () => import('../peers/drivers/fast-jwt.mjs'),
    packages: ['fast-jwt'],
    settings: 'HS256, 256-bit key; no cache, as by default',
    ...JWT,
  },
  jsonwebtoken: {
    name: 'jsonwebtoken',
    driver: () => import('../peers/drivers/jsonwebtoken.mjs'),
    packages: ['jsonwebtoken'],
    settings: 'HS256, 256-bit key',
    ...JWT,
  },
  jose: {
    name: 'jose',
    driver: () => import('../peers/drivers/jose.mjs'),
    packages: ['jose'],
    settings: 'HS256, 256-bit key, imported once',
    ...JWT,
  },
  ioredis: {
    name: 'ioredis',
    driver: () => import('../peers/drivers/ioredis.mjs'),
    revocable: true,
    packages: ['ioredis'],
    settings: `one command at a time; ${REDIS_SETTINGS}`,
    ...REDIS,
  },
  pipelined: {
    name: 'ioredis, auto-pipelined',
    driver: () => import('../peers/drivers/ioredis.mjs'),
    revocable: true,
    packages: ['ioredis'],
    options: { pipelined: true },
    settings: `enableAutoPipelining; ${REDIS_SETTINGS}`,
    ...REDIS,
  },
  redis: {
    name: 'node-redis',
    driver: () => import('../peers/drivers/node-redis.mjs'),
    revocable: true,
    packages: ['redis'],
    settings: `defaults, which pipeline what is called in one turn; ${REDIS_SETTINGS}`,
    ...REDIS,
  },
}

/** Loads a peer's package. @returns a function that opens it: `{folder, port, cacheSize}` */
export async function loadPeer(id) {
  const { driver, options } = PEERS[id]
  const { open } = await driver()
  return (where) => open({ ...where, ...options })
}
