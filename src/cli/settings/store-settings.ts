/** The settings that several commands on a store share. */
import { named } from './settings.js'

/** The secret key. It is never an option: the arguments of a process are public. */
export const SECRET = {
  secret_file: {
    ...named('secret-file', 'FILE'),
    help: 'File with the secret key. Several keys, newest first: one a line, or several files separated by commas.',
  },
  secret_key: {
    env: ['CRUDJT_SECRET_KEY'],
    help: 'The secret key itself. Takes precedence over CRUDJT_SECRET_FILE.',
  },
} as const

/** The store. */
export const PATH = {
  path: {
    position: 0,
    placeholder: 'PATH',
    env: ['CRUDJT_STORE'],
    help: 'Folder of the store.',
  },
} as const

/** The format of the report. */
export const OUTPUT = {
  json: {
    option: 'json',
    help: 'Print the report as a single line of JSON.',
  },
} as const

/** The output of a command that may take long. */
export const LONG_OUTPUT = {
  ...OUTPUT,
  quiet: {
    option: 'quiet',
    help: 'Hide the progress bar, which is shown on standard error if that is a terminal.',
  },
} as const
