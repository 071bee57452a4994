/** How a command ends when it does not end well: one line for the person, one status for the script. */

/** The exit statuses besides 0; those above 2 are the ones of BSD's sysexits. */
export const STATUS = {
  /** It was tried and did not work out, as a port that is in use. */
  failed: 1,
  /** A store was looked at, and something is wrong with it. */
  unsound: 1,
  /** A store that was to be looked at can't be, as one that is in use. */
  unseen: 2,
  /** The command line is wrong. */
  usage: 64,
  /** The secret, a folder or an environment variable is wrong: trying again will not help. */
  config: 78,
} as const

/** Why a command ends. Its message is one line that says what is wrong and what to do. */
export class CommandError extends Error {
  /** The exit status. */
  readonly status: number

  /**
   * @param status the exit status
   * @param message one line for a person; holds no token, data or key
   */
  constructor(status: number, message: string) {
    super(message.replaceAll(/\s*\n\s*/g, ' '))
    this.status = status
  }
}
