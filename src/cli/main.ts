#!/usr/bin/env node
/** The command `crudjt`: finds the command that is named first, and turns its end into an exit status. */
import { closest } from 'fastest-levenshtein'
import { backup } from './backup.js'
import type { Command } from './command.js'
import { compact } from './compact.js'
import { Refusal, STATUS } from './exit.js'
import { health } from './health.js'
import { commandHelp, overview } from './help.js'
import { keygen } from './keygen.js'
import { keys } from './keys.js'
import { repair } from './repair.js'
import { serve } from './serve.js'
import { verify } from './verify.js'
import { version } from './version.js'

const COMMANDS: readonly Command[] = [serve, keygen, health, backup, verify, repair, compact, keys]

const asksForHelp = (arg: string | undefined) => arg === '--help' || arg === '-h'
const asksForVersion = (arg: string | undefined) => arg === '--version' || arg === '-v'

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) throw new Refusal(STATUS.usage, `No command given: ${choices()}`)
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
  throw new Refusal(STATUS.usage, `Unknown command '${name}': did you mean '${near}'?`)
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
  if (!(error instanceof Refusal)) throw error
  process.stderr.write(`crudjt: ${error.message}\n`)
  return error.status
}

main(process.argv.slice(2))
  .catch(refused)
  .then((status) => {
    process.exitCode = status
  })
