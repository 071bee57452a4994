/** How each peer is served and called, by its name. Loaded only when it is needed: peers may be missing. */
const redis = (enableAutoPipelining) => async () => {
  const { connect } = await import('../../peers/redis.mjs')
  return { connect: (port) => connect({ host: '127.0.0.1', port }, { enableAutoPipelining }) }
}

export const DRIVERS = {
  ours: () => import('../ours.mjs'),
  older: () => import('../../peers/older.mjs'),
  redis: redis(false),
  pipelined: redis(true),
}
