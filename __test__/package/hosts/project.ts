/** A project of a user: the packed package, installed beside test runners and a tracer. */
import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Ended, runToEnd } from '../../helpers/cli.js'

/** The binary of this platform, which the build has put into the repository's folder. */
const BINARY = readdirSync('.').find((name) => name.endsWith('.node')) as string
const WINDOWS = process.platform === 'win32'

/** Installs everything into a folder. */
export async function installProject(folder: string): Promise<void> {
  cpSync(join(__dirname, 'project'), folder, { recursive: true })
  await npm('.', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder)
  const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string
  await npm(folder, 'install', '--ignore-scripts', '--prefer-offline', '--no-save', `./${packed}`)
  addBinary(folder)
  addSuites(folder)
}

/** The package of this platform, which is not published yet. */
function addBinary(folder: string): void {
  const [name, platform] = BINARY.split('.') as [string, string]
  const place = join(folder, 'node_modules', `${name}-${platform}`)
  mkdirSync(place)
  copyFileSync(join('npm', platform, 'package.json'), join(place, 'package.json'))
  copyFileSync(BINARY, join(place, BINARY))
}

/** The test file for each runner: by default jest loads no ES modules. */
function addSuites(folder: string): void {
  const suite = readFileSync(join(folder, 'runner-suite.mjs'), 'utf8')
  const common = suite.replace(/^import (.*) from (.*)$/gm, 'const $1 = require($2)')
  mkdirSync(join(folder, 'jest'))
  mkdirSync(join(folder, 'vitest'))
  writeFileSync(join(folder, 'jest/suite.test.js'), common)
  writeFileSync(join(folder, 'vitest/suite.test.mjs'), suite)
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('npm', args, { cwd, timeout: 300_000, shell: WINDOWS })
}

/** Runs a script of the project, or one of an installed package, to its end. */
export function runIn(folder: string, script: string, ...args: string[]): Promise<Ended> {
  return runToEnd([process.execPath, resolve(folder, script), ...args], { cwd: folder })
}
