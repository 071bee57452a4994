/** The signals that ask a server to stop, or interrupt a run. */
import { writeSync } from 'node:fs'
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
 * Says what is left when a run is interrupted, then ends by the signal.
 * @param say the line for people; called at the signal
 * @returns what ends it: the signals do again what they do by themselves
 */
export function whenInterrupted(say: () => string): () => void {
  const take = (signal: 'SIGINT' | 'SIGTERM') => {
    writeSync(process.stderr.fd, `crudjt: ${say()}\n`)
    endBy(signal)
  }
  process.on('SIGTERM', take)
  process.on('SIGINT', take)
  return () => {
    process.off('SIGTERM', take)
    process.off('SIGINT', take)
  }
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
