/**
 * The life of a server: start, serve until a signal, stop in order. It speaks in lines of its log only,
 * also where it can't start.
 */
import { type Address, addressText } from '../grpc/address.js'
import { Config, current } from '../library.js'
import type { MasterOptions } from '../options.js'
import type { Store } from '../store.js'
import { Refusal } from './exit.js'
import { type Log, logCrashes, openLog } from './log.js'
import { secretsIn } from './secrets.js'
import { accessKey, levelOf, plainOptions, type ServeGiven, storeSecret } from './serve-options.js'
import { stopSignal } from './signals.js'
import { refusalOf } from './start-failure.js'
import { version } from './version.js'

/**
 * Serves until SIGTERM or SIGINT.
 * @returns the exit status
 * @throws Refusal for a level of the log that there is not
 */
export async function runServer(given: ServeGiven): Promise<number> {
  const log = openLog(levelOf(given))
  logCrashes(log)
  try {
    await serveUntilSignal(given, log)
    return 0
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    log.fatal({ event: 'failed', status: error.status }, error.message)
    return error.status
  }
}

async function serveUntilSignal(given: ServeGiven, log: Log): Promise<void> {
  const asked = stopSignal()
  const told = asked.then((signal) => {
    log.info({ event: 'stopping', signal }, `${signal}: finishing what is under way`)
  })
  log.debug({ event: 'starting', pid: process.pid }, 'starting')
  await start(given, log)
  await told
  await Config.shutdownServer()
  log.info({ event: 'stopped' }, 'everything is on the medium, the store is released')
}

async function start(given: ServeGiven, log: Log): Promise<void> {
  const plain = plainOptions(given)
  const secret = storeSecret(given)
  const options: MasterOptions = {
    ...plain,
    secret_key: secretsIn(secret),
    access_key: accessKey(given),
    onError: ({ code, message }) => log[severity(code)]({ event: code }, message),
  }
  try {
    await Config.startMaster(options)
  } catch (error) {
    throw refusalOf(error, { folder: plain.store_jt_path, secretSource: secret.source })
  }
  tellOfStart(log)
}

/** An error is what has lost something, or keeps the store from its work. */
function severity(event: string): 'error' | 'warn' {
  return ['CRUDJT_FAILED', 'CRUDJT_RECORD_DAMAGED'].includes(event) ? 'error' : 'warn'
}

function tellOfStart(log: Log): void {
  const store = (current.backend as Store).path
  const address = addressText(Config.address() as Address)
  const facts = { event: 'started', version: version(), pid: process.pid, store, address }
  log.info(facts, `crudjt ${facts.version} serves ${store} at ${address}`)
}
