/** `crudjt backup`: copies a store into a new folder, whether or not it is in use. */
import { resolve } from 'node:path'
import type { ErrorCode } from '../../errors.js'
import { addressText } from '../../grpc/wire/address.js'
import type { RemoteStore } from '../../library.js'
import type { BackupReport, OnProgress } from '../../options/backup-options.js'
import type { ConnectOptions } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { count, print, size } from '../outcome.js'
import { ACCESS, ADDRESS, clientOptions, TIMEOUT } from '../settings/address-settings.js'
import { readAccessKey } from '../settings/secrets.js'
import { readSettings, required } from '../settings/settings.js'
import { LONG_OUTPUT, PATH } from '../settings/store-settings.js'
import { runOnStore } from './run-on-store.js'

const SETTINGS = {
  ...PATH,
  target: {
    position: 1,
    placeholder: 'TARGET',
    help: 'Folder of the copy, which must be missing or empty.',
  },
  ...ADDRESS,
  ...ACCESS,
  ...TIMEOUT,
  ...LONG_OUTPUT,
} as const

/** What to copy, and where to. */
interface Backup {
  readonly path: string
  readonly target: string
  readonly onProgress: OnProgress
}

/** Prints what was copied. */
export const backup: Command = {
  name: 'backup',
  summary: 'Copy a store into a new folder, even while it is in use. To restore, copy it back.',
  notes: [
    'If the store is in use, the master at HOST and PORT makes the copy, which contains every change acknowledged before. The master writes TARGET itself, so run this command on the same machine (in the same container), as a user who may write to PATH.',
    'If the store is not in use, this command checks and copies it. The secret key is not needed.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const values = readSettings(SETTINGS, sources)
    const path = required(values.path, SETTINGS.path)
    const target = required(values.target, SETTINGS.target)
    const master = { ...clientOptions(values), access_key: readAccessKey(values) }
    const run = {
      path,
      access: 'read',
      isQuiet: values.quiet !== undefined,
      interrupted: `interrupted: remove ${target} if the store has no master; a master continues the copy`,
      failed: STATUS.failed,
    } as const
    const report = await runOnStore(run, (onProgress) => copy({ path, target, onProgress }, master))
    const { records, bytes } = report
    print(values.json, { path: resolve(target), ...report }, [
      `Copied ${count(records, 'record')} of ${path} into ${target} (${size(bytes)})`,
    ])
    return 0
  },
}

async function copy(backup: Backup, master: ConnectOptions): Promise<BackupReport> {
  const { path, target, onProgress } = backup
  const library = await import('../../library.js')
  try {
    return await library.backup(path, target, { onProgress })
  } catch (error) {
    if (codeOf(error) !== 'ERR_CRUDJT_STORE_LOCKED') throw error
    return await copyThroughMaster(backup, master, error as Error)
  }
}

/** @param locked the error that names the process which has the store open */
async function copyThroughMaster(
  { path, target, onProgress }: Backup,
  master: ConnectOptions,
  locked: Error,
): Promise<BackupReport> {
  const { RemoteStore } = await import('../../library.js')
  const client = new RemoteStore(master)
  try {
    return await client.backupOf(path, target, { onProgress })
  } catch (error) {
    const { message, code } = error as Error & { code?: ErrorCode }
    const address = addressText(client.address)
    const advice = "give --host and --port of that store's master"
    if (code === 'ERR_CRUDJT_UNAVAILABLE') throw failure(`${locked.message}. ${message}: ${advice}`)
    if (code !== 'ERR_CRUDJT_UNAUTHENTICATED') throw error
    if (await isKeyWrong(client)) {
      throw failure(
        `The master at ${address} requires its access key: give --access-key-file or CRUDJT_ACCESS_KEY`,
      )
    }
    throw failure(`${locked.message}, but the master at ${address} serves another store: ${advice}`)
  } finally {
    await client.close()
  }
}

/** A master that refuses the backup alone did not find the client's ticket in the folder of its store. */
function isKeyWrong(client: RemoteStore): Promise<boolean> {
  return client.flush().then(
    () => false,
    (error) => codeOf(error) === 'ERR_CRUDJT_UNAUTHENTICATED',
  )
}

function failure(message: string): CommandError {
  return new CommandError(STATUS.failed, message)
}

function codeOf(error: unknown): ErrorCode | undefined {
  return (error as { code?: ErrorCode }).code
}
