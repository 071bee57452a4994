#!/usr/bin/env node
/** The entry point of `crudjt`: dispatches to a command and sets the exit status. */
import { closest } from 'fastest-levenshtein'
import { backup } from './commands/backup.js'
import { compact } from './commands/compact.js'
import { health } from './commands/health.js'
import { keygen } from './commands/keygen.js'
import { keys } from './commands/keys.js'
import { repair } from './commands/repair.js'
import { serve } from './commands/serve.js'
import { verify } from './commands/verify.js'
import { CommandError, STATUS, version } from './exit.js'
import { type Command, commandHelp, overview } from './help.js'
import { handleOutputErrors } from './outcome.js'

const COMMANDS: readonly Command[] = [serve, keygen, health, backup, verify, repair, compact, keys]
const NAMES = COMMANDS.map(({ name }) => name)

const isHelp = (arg: string) => arg === '--help' || arg === '-h'
const isVersion = (arg: string) => arg === '--version' || arg === '-v'

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) {
    throw new CommandError(STATUS.usage, `No command given: ${NAMES.join(', ')}, or --help`)
  }
  if (isHelp(name)) return print(overview(COMMANDS))
  if (isVersion(name)) return print(`${version()}\n`)
  const command = find(name)
  if (args.some(isHelp)) return print(commandHelp(command))
  return command.run({ args, env: process.env })
}

function find(name: string): Command {
  const command = COMMANDS.find((command) => command.name === name)
  if (command !== undefined) return command
  const nearest = closest(name, NAMES)
  throw new CommandError(STATUS.usage, `Unknown command '${name}': did you mean '${nearest}'?`)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

/** Any other error is a defect of this program: it is rethrown and ends the process with its stack. */
function report(error: unknown): number {
  if (!(error instanceof CommandError)) throw error
  process.stderr.write(`crudjt: ${error.message}\n`)
  return error.status
}

handleOutputErrors()
main(process.argv.slice(2))
  .catch(report)
  .then((status) => {
    process.exitCode = status
  })
