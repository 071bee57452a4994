/** Keeps a process from ending while it is a master, until something better (a port) does. */

/** As long as a timer can wait; it does nothing when it is over. */
const LONG = 2 ** 31 - 1

/**
 * Keeps the process alive.
 * @returns what lets it end again
 */
export function keepAlive(): () => void {
  const timer = setInterval(() => {}, LONG)
  return () => clearInterval(timer)
}
