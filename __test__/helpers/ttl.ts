/** Seconds to live, as a read may tell them: on a busy machine seconds pass between two calls. */

/** What a read gives, as far as its ttl matters. */
interface Told {
  metadata?: { ttl?: number | bigint }
}

/**
 * The session with the ttl that was given in the place of the one that is told, if that is right by
 * the clock; as it is if not.
 * @param since the time just before the call that gave the ttl
 */
export function asGiven(session: Told | null | undefined, ttl: number, since: number): unknown {
  const { ttl: told } = session?.metadata ?? {}
  // Both clocks count whole milliseconds.
  const passed = Math.floor((Date.now() - since + 2) / 1000)
  if (typeof told !== 'number' || told > ttl || told < ttl - passed) return session
  return { ...session, metadata: { ...session?.metadata, ttl } }
}
