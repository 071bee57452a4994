/** The signals that stop a server or interrupt a command. */
import { writeSync } from 'node:fs'
import { constants } from 'node:os'

/** A terminal sends SIGINT to npx and its child, and npx forwards it: one Ctrl-C, two signals. */
const ECHO_MS = 250

/**
 * Resolves to the first signal that asks the process to stop. A second one ends it at once.
 * @param clock the time in milliseconds
 */
export function stopSignal(clock = () => performance.now()): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined
    listen((signal) => {
      const now = clock()
      if (first === undefined) {
        first = now
        resolve(signal)
      } else if (signal === 'SIGTERM' || now - first > ECHO_MS) {
        endBy(signal)
      }
    })
  })
}

/**
 * Prints what an interrupted run leaves behind, then ends the process by the signal.
 * @param describe the line to print; called at the signal
 * @returns restores the default handling of signals
 */
export function onInterrupt(describe: () => string): () => void {
  return listen((signal) => {
    try {
      writeSync(process.stderr.fd, `crudjt: ${describe()}\n`)
    } finally {
      endBy(signal)
    }
  })
}

/**
 * Calls back at each SIGHUP, which would end the process otherwise. Windows sends one when the console
 * is closed, and ends the process anyway.
 * @returns restores the default handling
 */
export function onHangup(handler: () => void): () => void {
  if (process.platform === 'win32') return () => {}
  process.on('SIGHUP', handler)
  return () => process.off('SIGHUP', handler)
}

function listen(handler: (signal: 'SIGINT' | 'SIGTERM') => void): () => void {
  process.on('SIGTERM', handler)
  process.on('SIGINT', handler)
  return () => {
    process.off('SIGTERM', handler)
    process.off('SIGINT', handler)
  }
}

/**
 * Ends as if the signal had no handler: `process.exit` alone would wait for the engine's threads. The
 * kernel drops such a signal for the first process of a container, so the exit follows.
 */
function endBy(signal: 'SIGINT' | 'SIGTERM'): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  process.exit(128 + constants.signals[signal])
}
