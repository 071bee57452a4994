/** The command as users get it: packed, and installed in a path with spaces. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { Store } from 'crudjt'
import { startServer } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'

const WINDOWS = process.platform === 'win32'

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const run = promisify(execFile)
  const { stdout } = await run('npm', args, { cwd, timeout: 100_000, shell: WINDOWS })
  return stdout
}

/** Installs the package as published, where the binding is a package of its own. */
async function install(folder: string): Promise<void> {
  await npm('.', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string
  await npm(folder, 'install', '--ignore-scripts', '--prefer-offline', `./${packed}`)
  for (const name of readdirSync('.').filter((name) => name.endsWith('.node'))) {
    copyFileSync(resolve(name), join(folder, 'node_modules/crudjt', name))
  }
}

test('npx crudjt works where the package is installed, in a path with spaces', async (t) => {
  await inFolder(async (outer) => {
    const folder = join(outer, 'my own project')
    mkdirSync(folder)
    await install(folder)
    const secret = join(folder, 'secret key.txt')
    await npm(folder, 'exec', '--', 'crudjt', 'keygen', '--out', 'secret key.txt')
    const args = ['serve', '--store', join(folder, 'store'), '--secret-file', secret]
    const command = join(folder, 'node_modules/crudjt/dist/src/cli/main.js')
    const env = { CRUDJT_PORT: '0' }
    const server = await startServer([process.execPath, command, ...args], { cwd: folder, env })
    const client = await Store.connect(server.at)
    t.deepEqual(await client.read(await client.create({ a: 1 })), { data: { a: 1 } })
    await client.close()
    t.is((await server.stop()).status, 0)
  })
})

test('npx crudjt works in the repository', async (t) => {
  t.is(Buffer.from(await npm('.', 'exec', '--', 'crudjt', 'keygen'), 'base64').length, 32)
})
