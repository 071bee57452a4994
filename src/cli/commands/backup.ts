/** `crudjt backup`: copies a store, in use or not, into a folder of its own. */
import { resolve } from 'node:path'
import type { ErrorCode } from '../../errors.js'
import { addressText } from '../../grpc/wire/address.js'
import type { BackupReport, OnProgress } from '../../options/backup-options.js'
import { type ConnectOptions, optionKind } from '../../options/store-options.js'
import type { Command } from '../command.js'
import { CommandError, STATUS } from '../exit.js'
import { count, print, size } from '../outcome.js'
import { ACCESS, ADDRESS, addressToAsk } from '../settings/address-settings.js'
import { readAccessKey } from '../settings/secrets.js'
import { needed, readSettings, valueOr } from '../settings/settings.js'
import { LONG, PATH } from '../settings/store-settings.js'
import { runOnStore } from '../store-run.js'

const SETTINGS = {
  ...PATH,
  target: {
    place: 1,
    takes: 'TARGET',
    help: "The copy's folder, which must be missing or empty.",
  },
  ...ADDRESS,
  ...ACCESS,
  timeout_ms: {
    option: 'timeout-ms',
    takes: 'MS',
    env: ['CRUDJT_TIMEOUT_MS'],
    help: 'How long to wait for the master of a store in use to answer. Default: 3000.',
  },
  ...LONG,
} as const

const DEFAULT_TIMEOUT_MS = 3000

/** Prints what was copied. */
export const backup: Command = {
  name: 'backup',
  summary:
    'Copies a store into a folder of its own, while it is written to; restoring is copying back.',
  notes: [
    'The copy of a store in use is made by its master, which is asked for it at HOST and PORT, and holds everything that was answered before. The master writes it, so run this on its machine (in its container), as a user who may write to PATH.',
    'A store that nobody has open is copied by this command, and checked on the way. The secret key is not needed.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const path = needed(given.path, SETTINGS.path)
    const target = needed(given.target, SETTINGS.target)
    const master: ConnectOptions = {
      ...addressToAsk(given),
      access_key: readAccessKey(given.access_key, given.access_key_file),
      timeout_ms: valueOr(given.timeout_ms, optionKind('timeout_ms'), DEFAULT_TIMEOUT_MS),
    }
    const run = {
      path,
      isQuiet: given.quiet !== undefined,
      interrupted: `interrupted: remove ${target} if the store has no master; a master goes on with the copy`,
      failed: STATUS.failed,
    }
    const report = await runOnStore(run, (tell) => copy(path, target, master, tell))
    const { records, bytes } = report
    print(given.json, { path: resolve(target), ...report }, [
      `Copied ${count(records, 'record')} of ${path} into ${target} (${size(bytes)})`,
    ])
    return 0
  },
}

async function copy(
  path: string,
  target: string,
  master: ConnectOptions,
  onProgress: OnProgress,
): Promise<BackupReport> {
  const library = await import('../../library.js')
  try {
    return await library.backup(path, target, { onProgress })
  } catch (error) {
    if (codeOf(error) !== 'ERR_CRUDJT_STORE_LOCKED') throw error
    return await copyThroughMaster(path, target, master, onProgress, error as Error)
  }
}

/** @param locked says who has the store open */
async function copyThroughMaster(
  path: string,
  target: string,
  master: ConnectOptions,
  onProgress: OnProgress,
  locked: Error,
): Promise<BackupReport> {
  const { RemoteStore } = await import('../../library.js')
  const client = new RemoteStore(master)
  try {
    return await client.backupOf(path, target, { onProgress })
  } catch (error) {
    throw explained(error, locked, addressText(client.address))
  } finally {
    await client.close()
  }
}

/** What is wrong where the process that has the store open is not the master that was asked. */
function explained(error: unknown, locked: Error, address: string): unknown {
  const { message } = error as Error
  switch (codeOf(error)) {
    case 'ERR_CRUDJT_UNAVAILABLE':
      return new CommandError(
        STATUS.failed,
        `${locked.message}. ${message}. Give --host and --port of that store's master`,
      )
    case 'ERR_CRUDJT_UNAUTHENTICATED':
      return new CommandError(
        STATUS.failed,
        /access key/.test(message)
          ? `The master at ${address} wants its access key: give --access-key-file or CRUDJT_ACCESS_KEY`
          : `${locked.message}, but the master at ${address} has another store: give --host and --port of that store's master`,
      )
    default:
      return error
  }
}

function codeOf(error: unknown): ErrorCode | undefined {
  return (error as { code?: ErrorCode }).code
}
