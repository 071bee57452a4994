/**
 * The life of a server: start, serve until a signal, shut down gracefully. It reports through its log
 * only, even if it cannot start.
 */
import { CommandError } from '../exit.js'
import { logLevel, type ServeValues } from '../settings/serve-options.js'
import { type Log, logCrashes, openLog } from './log.js'
import { ReloadableServer } from './reloadable-server.js'
import { onHangup, stopSignal } from './signals.js'

/**
 * Serves until SIGTERM or SIGINT; SIGHUP has it read the secrets again.
 * @returns the exit status
 * @throws CommandError for an unknown log level
 */
export async function runServer(values: ServeValues): Promise<number> {
  const log = openLog(logLevel(values))
  logCrashes(log)
  try {
    await serveUntilSignal(values, log)
    return 0
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    log.fatal({ event: 'failed', status: error.status }, error.message)
    return error.status
  }
}

async function serveUntilSignal(values: ServeValues, log: Log): Promise<void> {
  const stopping = stopSignal().then((signal) => {
    log.info({ event: 'stopping', signal }, `${signal}: completing in-flight calls`)
  })
  const server = new ReloadableServer(values, log)
  const ignoreHangups = onHangup(() => server.reload())
  log.debug({ event: 'starting', pid: process.pid }, 'starting')
  await server.start()
  await Promise.race([stopping, server.failed])
  ignoreHangups()
  await server.stop()
  log.info({ event: 'stopped' }, 'everything is flushed to disk and the store is released')
}
