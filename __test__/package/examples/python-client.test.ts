/**
 * The Python client, with stubs that protoc generates. Its dependencies are installed from PyPI into the
 * example's own folder, once.
 */
import { type ExecFileException, execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { serve } from '../../helpers/cli.js'
import { inFolder } from '../../helpers/folder.js'
import { KEY } from '../../helpers/keys.js'

const FOLDER = resolve('examples/python-client')
const WINDOWS = process.platform === 'win32'
const SYSTEM_PYTHON = WINDOWS ? 'python' : 'python3'
const PYTHON = resolve(FOLDER, WINDOWS ? '.venv/Scripts/python.exe' : '.venv/bin/python')

/** How long an installation from PyPI may take, in milliseconds. */
const INSTALL_MS = 300_000

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: FOLDER, timeout: INSTALL_MS, env: { ...process.env, ...env } }
  return (await promisify(execFile)(program, args, options)).stdout
}

/** @throws with what is missing, if Python or PyPI is not available */
async function prepare(t: ExecutionContext): Promise<void> {
  t.timeout(INSTALL_MS, 'installing grpcio-tools from PyPI takes too long')
  if (await isReady()) return
  try {
    await run(SYSTEM_PYTHON, ['-m', 'venv', '--clear', '.venv'])
    await run(PYTHON, ['-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt'])
  } catch (error) {
    const { message, stderr } = error as ExecFileException & { stderr?: string }
    const requirement = `This test needs ${SYSTEM_PYTHON} with venv, and PyPI once (${FOLDER}/.venv)`
    throw new Error(`${requirement}: ${message}\n${stderr}`)
  }
}

function isReady(): Promise<boolean> {
  const ready = run(PYTHON, ['-c', 'import grpc, grpc_tools.protoc, msgpack'])
  return ready.then(
    () => true,
    () => false,
  )
}

test('a client in Python creates, reads, updates and deletes', async (t) => {
  await prepare(t)
  await inFolder(async (folder) => {
    const env = { CRUDJT_SECRET_KEY: KEY, CRUDJT_ACCESS_KEY: 'let-me-in' }
    const server = await serve(['--store', folder], { env })
    const { grpc_host, grpc_port } = server.at
    const printed = await run(PYTHON, ['client.py', `${grpc_host}:${grpc_port}`], env)
    t.deepEqual(printed.trimEnd().split(/\r?\n/), [
      'created: 22 characters',
      "read: {'metadata': {'ttl': 600, 'silence_read': 2}, 'data': {'user': 42, 'role': 'member'}}",
      'updated: True',
      "read: {'metadata': {'ttl': 60}, 'data': {'user': 42, 'role': 'admin'}}",
      'deleted: True',
      'read: None',
      'updated: False',
      'deleted: False',
      'a ttl of 0: INVALID_ARGUMENT - ttl should be greater than 0 and less than 2^64: send -1 for no limit',
    ])
    t.is((await server.stop()).status, 0)
  })
})
