// Windows on x64: the Windows build of Node under wine. The limits of wine are listed in
// docs/internals/platforms.md.

import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { installFor } from '../install.mjs'
import { nodeOf } from '../nodes.mjs'
import { attempt } from '../report.mjs'
import { behaviourFiles } from '../suite/run.mjs'
import { installDebian, work } from '../toolchain.mjs'

const MINUTES = 10
const KILLS = '40'

/** The Windows API function that wine 8 lacks. */
const RANDOM = `
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
  return RtlGenRandom(data, (ULONG)length);
}
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved) { return TRUE; }
`

/** Runs the part. */
export async function windows(registry) {
  installDebian(['wine64', 'gcc-mingw-w64-x86-64'])
  const node = nodeOf('win-x64', 20)
  addProcessPrng(dirname(node))
  const folder = await attempt('windows-x64: installs', () =>
    installFor(registry, 'win32-x64-msvc', ['--os=win32', '--cpu=x64']),
  )
  if (folder === undefined) return
  const here = { node, folder }
  await attempt('windows-x64: Node runs', () => runs(here, ['-p', '1+1']))
  copyFileSync(join(import.meta.dirname, '../suite/windows.cjs'), join(folder, 'windows.cjs'))
  await attempt('windows-x64: paths, the default path, locking', () => runs(here, ['windows.cjs']))
  for (const file of [...behaviourFiles(folder), 'kill/kill.test.js']) {
    await attempt(`windows-x64: ${file}`, () => runs(here, [join('__test__', file)]))
  }
}

function addProcessPrng(folder) {
  const library = join(folder, 'bcryptprimitives.dll')
  if (existsSync(library)) return
  const source = join(work, 'random.c')
  writeFileSync(source, RANDOM)
  const args = ['-shared', '-o', library, source, '-ladvapi32']
  execFileSync('x86_64-w64-mingw32-gcc', args, { stdio: 'inherit' })
}

/** Runs Node for Windows, which cannot use a pipe of the host, so its output goes to a file. */
function runs({ node, folder }, args) {
  const prefix = join(work, 'wine')
  mkdirSync(prefix, { recursive: true })
  const file = join(folder, 'output.txt')
  const out = openSync(file, 'w')
  const env = {
    ...process.env,
    // The folder of the program is not searched for the dependencies of a library.
    WINEPATH: dirname(node),
    ...{
      WINEPREFIX: prefix,
      WINEDEBUG: '-all',
      NODE_SKIP_PLATFORM_CHECK: '1',
      CRUDJT_KILLS: KILLS,
    },
  }
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env, stdio: ['ignore', out, out], timeout: MINUTES * 60_000 }
    const child = spawn('/usr/lib/wine/wine64', [node, ...args], options)
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const text = readFileSync(file, 'utf8')
      const tail = text.trim().split('\n').slice(-12).join('\n    ')
      if (status === 0) resolve(text)
      else reject(new Error(`ended with ${status ?? signal}:\n    ${tail}`))
    })
  })
}
