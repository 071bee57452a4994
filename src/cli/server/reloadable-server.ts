/**
 * The master of a server. It is restarted within the process to take new secrets: a restart in order
 * loses no call, and clients notice nothing but a pause.
 */
import type { Store } from '../../api/store.js'
import { type Address, addressText } from '../../grpc/wire/address.js'
import { Config, current } from '../../library.js'
import { checkMasterOptions, type MasterOptions } from '../../options/store-options.js'
import { CommandError, STATUS, version } from '../exit.js'
import { failureOf } from '../failure.js'
import { readAccessKey } from '../settings/secrets.js'
import { publicOptions, requiredSecretKeys, type ServeValues } from '../settings/serve-options.js'
import type { Log } from './log.js'

/** The options of a master, and where its secret comes from. */
interface Configuration {
  readonly options: MasterOptions
  readonly secretSource: string
}

/** One server, from its start to its stop. */
export class ReloadableServer {
  /** Rejects if the server could be started neither with the new secrets nor with the old ones. */
  readonly failed: Promise<never>
  private fail: (error: unknown) => void = () => {}
  private configuration: Configuration | undefined
  private reloading: Promise<void> = Promise.resolve()

  constructor(
    private readonly values: ServeValues,
    private readonly log: Log,
  ) {
    this.failed = new Promise((_, reject) => {
      this.fail = reject
    })
    this.failed.catch(() => {})
  }

  /** @throws CommandError */
  async start(): Promise<void> {
    await this.startWith(readConfiguration(this.values, this.log))
  }

  /** Reads the secrets again, and serves with them. If they can't be used, it goes on with the old ones. */
  reload(): void {
    this.reloading = this.reloading.then(() => this.restart()).catch(this.fail)
  }

  async stop(): Promise<void> {
    await this.reloading
    await Config.shutdownServer()
  }

  private async restart(): Promise<void> {
    const { configuration: old } = this
    if (old === undefined) return
    try {
      const { options, secretSource } = readConfiguration(this.values, this.log)
      const { grpc_host, grpc_port } = old.options
      const configuration = { options: { ...options, grpc_host, grpc_port }, secretSource }
      await explained(configuration, async () => checkMasterOptions(configuration.options))
      this.log.info({ event: 'reloading' }, 'SIGHUP: completing in-flight calls')
      await Config.shutdownServer()
      await this.startWith(configuration)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      const message = `The secrets were not replaced: ${error.message}`
      this.log.error({ event: 'reload_failed' }, message)
      if (!Config.master()) await this.startWith(old)
    }
  }

  private async startWith(configuration: Configuration): Promise<void> {
    await explained(configuration, () => Config.startMaster(configuration.options))
    // The port is the actual one: a restart must be found there.
    this.configuration = {
      ...configuration,
      options: { ...configuration.options, ...Config.address() },
    }
    logStart(this.log)
  }
}

/** Calls the library. @throws CommandError for what the library throws */
async function explained(
  { options, secretSource }: Configuration,
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call()
  } catch (error) {
    const path = options.store_jt_path
    throw failureOf(error, { path, access: 'create', secretSource, failed: STATUS.failed })
  }
}

function readConfiguration(values: ServeValues, log: Log): Configuration {
  const warn = (message: string) => log.warn({ event: 'CRUDJT_EXPOSED_SECRET' }, message)
  const secret = requiredSecretKeys(values, warn)
  const options: MasterOptions = {
    ...publicOptions(values),
    secret_key: secret.keys,
    access_key: readAccessKey(values, warn),
    onError: ({ code, message }) => log[severity(code)]({ event: code }, message),
  }
  return { options, secretSource: secret.source }
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
