/**
 * The life of a server: start, serve until a signal, shut down gracefully. It reports through its log
 * only, even if it cannot start.
 */
import type { Store } from '../../api/store.js'
import { type Address, addressText } from '../../grpc/wire/address.js'
import { Config, current } from '../../library.js'
import type { MasterOptions } from '../../options/store-options.js'
import { CommandError, STATUS, version } from '../exit.js'
import { failureOf } from '../failure.js'
import { readAccessKey } from '../settings/secrets.js'
import {
  logLevel,
  publicOptions,
  requiredSecretKeys,
  type ServeValues,
} from '../settings/serve-options.js'
import { type Log, logCrashes, openLog } from './log.js'
import { stopSignal } from './signals.js'

/**
 * Serves until SIGTERM or SIGINT.
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
  log.debug({ event: 'starting', pid: process.pid }, 'starting')
  await start(values, log)
  await stopping
  await Config.shutdownServer()
  log.info({ event: 'stopped' }, 'everything is flushed to disk and the store is released')
}

async function start(values: ServeValues, log: Log): Promise<void> {
  const options = publicOptions(values)
  const warn = (message: string) => log.warn({ event: 'CRUDJT_EXPOSED_SECRET' }, message)
  const secret = requiredSecretKeys(values, warn)
  const master: MasterOptions = {
    ...options,
    secret_key: secret.keys,
    access_key: readAccessKey(values, warn),
    onError: ({ code, message }) => log[severity(code)]({ event: code }, message),
  }
  try {
    await Config.startMaster(master)
  } catch (error) {
    const path = options.store_jt_path
    const { failed } = STATUS
    throw failureOf(error, { path, access: 'create', secretSource: secret.source, failed })
  }
  logStart(log)
}

/** An event is an error if data is lost, or the store or its clients are not served. */
function severity(event: string): 'error' | 'warn' {
  const isError =
    ['CRUDJT_FAILED', 'CRUDJT_NOT_SERVING'].includes(event) || event.includes('DAMAGE')
  return isError ? 'error' : 'warn'
}

function logStart(log: Log): void {
  const store = (current.store as Store).path
  const address = addressText(Config.address() as Address)
  const fields = { event: 'started', version: version(), pid: process.pid, store, address }
  log.info(fields, `crudjt ${fields.version} serves ${store} at ${address}`)
}
