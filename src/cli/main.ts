#!/usr/bin/env node
/** The command `crudjt`: finds the command that is named first, and turns its end into an exit status. */
import { closest } from 'fastest-levenshtein'
import type { Command } from './command.js'
import { backup } from './commands/backup.js'
import { compact } from './commands/compact.js'
import { health } from './commands/health.js'
import { keygen } from './commands/keygen.js'
import { keys } from './commands/keys.js'
import { repair } from './commands/repair.js'
import { serve } from './commands/serve.js'
import { verify } from './commands/verify.js'
import { CommandError, STATUS } from './exit.js'
import { commandHelp, overview } from './help.js'
import { version } from './version.js'

const COMMANDS: readonly Command[] = [serve, keygen, health, backup, verify, repair, compact, keys]

const asksForHelp = (arg: string | undefined) => arg === '--help' || arg === '-h'
const asksForVersion = (arg: string | undefined) => arg === '--version' || arg === '-v'

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) throw new CommandError(STATUS.usage, `No command given: ${choices()}`)
  if (asksForHelp(name)) return say(overview(COMMANDS))
  if (asksForVersion(name)) return say(`${version()}\n`)
  const command = find(name)
  if (args.some(asksForHelp)) return say(commandHelp(command))
  return command.run({ args, env: process.env })
}

function find(name: string): Command {
  const command = COMMANDS.find((command) => command.name === name)
  if (command !== undefined) return command
  const near = closest(name, namesOf(COMMANDS))
  throw new CommandError(STATUS.usage, `Unknown command '${name}': did you mean '${near}'?`)
}

function choices(): string {
  return `${namesOf(COMMANDS).join(', ')}, or --help`
}

function namesOf(commands: readonly Command[]): string[] {
  return commands.map(({ name }) => name)
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

/** Anything but a refusal is a mistake of this program: it ends with its stack. */
function refused(error: unknown): number {
  if (!(error instanceof CommandError)) throw error
  process.stderr.write(`crudjt: ${error.message}\n`)
  return error.status
}

main(process.argv.slice(2))
  .catch(refused)
  .then((status) => {
    process.exitCode = status
  })
