/** `crudjt backup`: copies a store into a new folder, whether or not it is in use. */
import { resolve } from 'node:path'
import type { ErrorCode } from '../../errors.js'
import { addressText } from '../../grpc/wire/address.js'
import type { RemoteStore } from '../../library.js'
import type { BackupOptions, BackupReport } from '../../options/backup-options.js'
import type { ConnectOptions } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import type { Command } from '../help.js'
import { count, size } from '../outcome.js'
import { ACCESS, ADDRESS, clientOptions, TIMEOUT } from '../settings/address-settings.js'
import { readAccessKey } from '../settings/secrets.js'
import { required } from '../settings/settings.js'
import { LONG_OUTPUT, PATH } from '../settings/store-settings.js'
import { type Library, runOnStore } from './run-on-store.js'

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

/** Prints what was copied. */
export const backup: Command = {
  name: 'backup',
  summary: 'Copy a store into a new folder, even while it is in use. To restore, copy it back.',
  notes: [
    'If the store is in use, the master at HOST and PORT makes the copy, which contains every change acknowledged before. The master writes TARGET itself, so run this command on the same machine (in the same container), as a user who may write to PATH.',
    'If the store is not in use, this command checks and copies it. The secret key is not needed.',
  ],
  settings: SETTINGS,
  run: (sources) =>
    runOnStore(SETTINGS, sources, ({ values, path }) => {
      const target = required(values.target, SETTINGS.target)
      const master = { ...clientOptions(values), access_key: readAccessKey(values) }
      return {
        interrupted: `interrupted: remove ${target} if the store has no master; a master continues the copy`,
        async work(library, onProgress) {
          const report = await copy(library, path, target, { onProgress }, master)
          return { path: resolve(target), ...report }
        },
        lines: ({ records, bytes }) => [
          `Copied ${count(records, 'record')} of ${path} into ${target} (${size(bytes)})`,
        ],
      }
    }),
}

async function copy(
  { backup, RemoteStore }: Library,
  path: string,
  target: string,
  options: BackupOptions,
  master: ConnectOptions,
): Promise<BackupReport> {
  try {
    return await backup(path, target, options)
  } catch (error) {
    if (codeOf(error) !== 'ERR_CRUDJT_STORE_LOCKED') throw error
    const client = new RemoteStore(master)
    try {
      return await client.backupOf(path, target, options)
    } catch (failure) {
      throw await masterFailure(client, failure, error as Error)
    } finally {
      await client.close()
    }
  }
}

/** @param locked the error that names the process which has the store open */
async function masterFailure(client: RemoteStore, error: unknown, locked: Error): Promise<unknown> {
  const address = addressText(client.address)
  const advice = "give --host and --port of that store's master"
  switch (codeOf(error)) {
    case 'ERR_CRUDJT_UNAVAILABLE':
      return failure(`${locked.message}. ${(error as Error).message}: ${advice}`)
    case 'ERR_CRUDJT_UNAUTHENTICATED':
      return (await isKeyWrong(client))
        ? failure(
            `The master at ${address} requires its access key: give --access-key-file or CRUDJT_ACCESS_KEY`,
          )
        : failure(`${locked.message}, but the master at ${address} serves another store: ${advice}`)
    default:
      return error
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
