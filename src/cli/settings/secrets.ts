/**
 * Reads secrets from files and environment variables. They are never options: every user of the
 * machine can list the arguments of a process. No message shows a text that may be a secret.
 */
import { existsSync, readFileSync } from 'node:fs'
import { isSecretKey, splitSecretKeys } from '../../options/secret-keys.js'
import { optionKind } from '../../options/store-options.js'
import { CommandError, STATUS } from '../exit.js'
import { filePermissionHint, isReadableByAll } from './permissions.js'
import { isOption, type Value, type Values } from './settings.js'

/** Secret keys and where they come from. */
export interface SecretKeys {
  /** The file or variable, for messages. */
  readonly source: string
  /** Base64, newest first. */
  readonly keys: string[]
}

/** Receives a warning. */
export type Warn = (message: string) => void

/** Prints a warning of a command that has no log. */
const printWarning: Warn = (message) => {
  process.stderr.write(`crudjt: warning: ${message}\n`)
}

/**
 * The secret keys of a store, of one file or variable or of several files.
 * @throws CommandError if a file cannot be read
 */
export function readSecretKeys(
  values: Values<'secret_key' | 'secret_file'>,
  warn = printWarning,
): SecretKeys | undefined {
  const secret = readSecret(values.secret_key, values.secret_file, warn)
  return secret && { source: secret.source, keys: splitSecretKeys(secret.text) }
}

/**
 * The access key of a server.
 * @throws CommandError if it is blank or malformed, or if its file cannot be read
 */
export function readAccessKey(
  values: Values<'access_key' | 'access_key_file'>,
  warn = printWarning,
): string | undefined {
  const secret = readSecret(values.access_key, values.access_key_file, warn)
  if (secret === undefined) return undefined
  const { expected, isType } = optionKind('access_key')
  if (isType(secret.text)) return secret.text
  const message = `Invalid access key in ${secret.source}: expected ${expected}`
  throw new CommandError(STATUS.config, message)
}

/** The order of precedence: the file of an option, the variable with the secret, the variable's file. */
function readSecret(
  value: Value | undefined,
  file: Value | undefined,
  warn: Warn,
): Value | undefined {
  if (file === undefined || (value !== undefined && !isOption(file))) return value
  const texts = pathsIn(file.text).map((path) => readFile(path, file.source, warn))
  return { source: file.text, text: texts.join(',') }
}

/** A comma separates paths, unless there is a file of that name. */
function pathsIn(text: string): string[] {
  return existsSync(text) ? [text] : text.split(',')
}

function readFile(path: string, source: string, warn: Warn): string {
  try {
    const text = readFileSync(path, 'utf8').trim()
    if (isReadableByAll(path)) warn(`Every user of this machine can read ${path}: chmod 600 it`)
    return text
  } catch (error) {
    throw new CommandError(STATUS.config, readError(path, source, error as NodeJS.ErrnoException))
  }
}

function readError(path: string, source: string, error: NodeJS.ErrnoException): string {
  if (mayBeSecret(path)) {
    return `${source} expects the path of a file, and there is none of the name given, which is not shown since it may be a secret`
  }
  const hint = filePermissionHint(path)
  if (hint !== undefined) return `Permission denied for ${path}: ${hint}`
  switch (error.code) {
    case 'ENOENT':
      return `There is no file ${path}: generate it with npx crudjt keygen --out ${path}, and keep it`
    case 'EISDIR':
      return `${path} is a folder: give the path of the file that holds the secret`
    default:
      return `Cannot read ${path}: ${error.message}`
  }
}

/** Whether somebody may have given a secret where the path of a file is expected. */
function mayBeSecret(path: string): boolean {
  return !existsSync(path) && (isSecretKey(path) || !/[./\\]/.test(path))
}
