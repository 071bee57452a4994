/** What a command is to the entry: a name in the list, settings in the help, something that runs. */
import type { Settings, Sources } from './settings/settings.js'

/** One command of `crudjt`. */
export interface Command {
  readonly name: string
  /** What it does, in one line. */
  readonly summary: string
  /** What else the help should say. */
  readonly notes: readonly string[]
  readonly settings: Settings
  /**
   * Does it.
   * @returns the exit status
   * @throws Refusal with the line and the status to end with
   */
  run(sources: Sources): Promise<number>
}
