/** What the commands that work on a whole store can be told, and the secret of one. */

/** The store's secret; never an option, since those show in the list of processes. */
export const SECRET = {
  secret_file: {
    option: 'secret-file',
    takes: 'FILE',
    env: ['CRUDJT_SECRET_FILE'],
    help: 'The file that holds the secret key; several with commas between them, newest first.',
  },
  secret_key: {
    env: ['CRUDJT_SECRET_KEY'],
    help: 'The secret key itself. It comes before CRUDJT_SECRET_FILE.',
  },
} as const

/** The store. */
export const PATH = {
  path: {
    place: 0,
    takes: 'PATH',
    env: ['CRUDJT_STORE'],
    help: "The store's folder.",
  },
} as const

/** How the outcome is told. */
export const OUTPUT = {
  json: {
    option: 'json',
    help: 'Prints the outcome as one JSON object on one line.',
  },
} as const

/** The same of what may take long. */
export const LONG = {
  ...OUTPUT,
  quiet: {
    option: 'quiet',
    help: 'Shows no progress. It is shown on a terminal only, on standard error.',
  },
} as const
