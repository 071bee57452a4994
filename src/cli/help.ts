/** The texts of `--help`: every setting with its option and its environment variables side by side. */
import type { Command } from './command.js'
import type { Setting, Settings } from './settings/settings.js'

/** The help of one command. */
export function commandHelp({ name, summary, notes, settings }: Command): string {
  const blocks = [
    `Usage: ${[`crudjt ${name}`, ...places(settings), '[options]'].join(' ')}`,
    summary,
    Object.values(settings).map(settingText).join('\n'),
    ...notes,
  ]
  return `${blocks.join('\n\n')}\n`
}

/** The help of `crudjt` itself. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`)
  const more = 'crudjt COMMAND --help shows the options and environment variables of a command.'
  return ['Usage: crudjt COMMAND [options]', lines.join('\n'), more, EXIT].join('\n\n').concat('\n')
}

const EXIT = `Exit status: 0 done, 1 failed, 64 the command line is wrong, 78 the secret, a folder or
an environment variable is wrong; verify and repair have more to tell.`

/** What stands in the places of a command, in their order. */
function places(settings: Settings): string[] {
  const placed = Object.values(settings).filter(({ place }) => place !== undefined)
  placed.sort((one, other) => (one.place as number) - (other.place as number))
  return placed.map(({ takes = '' }) => takes)
}

function settingText({ option, place, takes, env = [], help }: Setting): string {
  const flag = option === undefined ? [] : [`--${option}${takes === undefined ? '' : ` ${takes}`}`]
  const placed = place === undefined ? [] : [takes]
  return `  ${[...placed, ...flag, ...env].join(', ')}\n      ${help}`
}
