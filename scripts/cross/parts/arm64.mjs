// Linux on arm64: Node for arm64 under qemu-user, with Debian's glibc for arm64.

import { installFor } from '../install.mjs'
import { nodeOf, preloadOf, wrapperOf } from '../nodes.mjs'
import { attempt } from '../report.mjs'
import { behaviourFiles, runFiles } from '../suite/run.mjs'
import { installDebian } from '../toolchain.mjs'

const GLIBC = '/usr/aarch64-linux-gnu'
const KILLS = '12'

/** Runs the part. `isBrief` skips what takes long under an emulator. */
export async function arm64(registry, isBrief = false) {
  installDebian(['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross'])
  const node = nodeOf('linux-arm64', 20)
  const program = wrapperOf('linux-arm64', ['qemu-aarch64-static', '-L', GLIBC, node])
  const env = { NODE_OPTIONS: `--require=${preloadOf(program)}`, CRUDJT_KILLS: KILLS }
  const folder = await attempt('linux-arm64: installs', () =>
    installFor(registry, 'linux-arm64-gnu', ['--os=linux', '--cpu=arm64', '--libc=glibc']),
  )
  if (folder === undefined) return
  const files = isBrief ? ['behaviour/in-process.test.js'] : behaviourFiles(folder)
  await runFiles('linux-arm64', folder, files, { program, env })
  if (!isBrief) await runFiles('linux-arm64', folder, ['kill/kill.test.js'], { program, env })
}
