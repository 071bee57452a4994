/** What a command declares about itself, and the texts of `--help` that are made from it. */
import type { Setting, Settings, Sources } from './settings/settings.js'

/** One command of `crudjt`. */
export interface Command {
  readonly name: string
  /** What it does, in one line. */
  readonly summary: string
  /** Further paragraphs of its help. */
  readonly notes: readonly string[]
  readonly settings: Settings
  /**
   * Runs the command.
   * @returns the exit status
   * @throws CommandError
   */
  run(sources: Sources): Promise<number>
}

const EXIT = `Exit status: 0 success, 1 failure, 64 usage error, 74 the output could not be written,
78 configuration error (secret key, folder or environment variable). verify and repair define 1 and 2 in
their own help.`

/** The help of one command. */
export function commandHelp({ name, summary, notes, settings }: Command): string {
  const blocks = [
    `Usage: ${[`crudjt ${name}`, ...positionals(settings), '[options]'].join(' ')}`,
    summary,
    Object.values(settings).map(settingHelp).join('\n'),
    ...notes,
  ]
  return `${blocks.join('\n\n')}\n`
}

/** The help of `crudjt` itself. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`)
  const more = "Run 'crudjt COMMAND --help' for the options and environment variables of a command."
  return `${['Usage: crudjt COMMAND [options]', lines.join('\n'), more, EXIT].join('\n\n')}\n`
}

function positionals(settings: Settings): string[] {
  const found = Object.values(settings).filter(({ position }) => position !== undefined)
  found.sort((one, other) => (one.position as number) - (other.position as number))
  return found.map(({ placeholder = '' }) => placeholder)
}

function settingHelp({ option, position, placeholder = '', env = [], help }: Setting): string {
  const names = position === undefined ? [] : [placeholder]
  if (option !== undefined) names.push(`--${option} ${placeholder}`.trimEnd())
  return `  ${[...names, ...env].join(', ')}\n      ${help}`
}
