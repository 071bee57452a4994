/** The signals that ask a server to stop. */
import { constants } from 'node:os'

/** A terminal sends SIGINT to npx and its child, and npx passes it on: that is one request, not two. */
const ECHO_MS = 250

/**
 * Resolves when the process is asked to stop. Whoever asks again ends it at once.
 * @param clock tells milliseconds
 * @returns the signal
 */
export function stopSignal(clock = () => performance.now()): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined
    const take = (signal: 'SIGINT' | 'SIGTERM') => {
      const now = clock()
      if (first === undefined) {
        first = now
        resolve(signal)
      } else if (signal === 'SIGTERM' || now - first > ECHO_MS) {
        endBy(signal)
      }
    }
    process.on('SIGTERM', take)
    process.on('SIGINT', take)
  })
}

/**
 * Ends as if the signal had never been caught: `process.exit` would wait for what the engine is doing.
 * The first process of a container is deaf to its own signals, so for that one the exit stands behind.
 */
function endBy(signal: 'SIGINT' | 'SIGTERM'): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  process.exit(128 + constants.signals[signal])
}
