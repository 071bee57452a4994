// Linux with musl, such as Alpine: Node for musl on x64, and on arm64 under qemu-user.

import { installFor } from '../install.mjs'
import { muslNode, muslRoot } from '../musl.mjs'
import { preloadOf, wrapperOf } from '../nodes.mjs'
import { attempt } from '../report.mjs'
import { behaviourFiles, runFiles } from '../suite/run.mjs'
import { installDebian } from '../toolchain.mjs'

const MAJORS = [20, 22, 24]

/** Runs the part. `isBrief` skips what takes long under an emulator. */
export async function musl(registry, isBrief = false) {
  const folder = await installed(registry, 'x64')
  if (folder === undefined) return
  for (const major of isBrief ? [24] : MAJORS) {
    const program = muslNode('x64', major)
    await runFiles(`linux-x64-musl, Node ${major}`, folder, behaviourFiles(folder), { program })
  }
  if (!isBrief) await emulated(registry)
}

async function emulated(registry) {
  installDebian(['qemu-user-static'])
  const folder = await installed(registry, 'arm64')
  if (folder === undefined) return
  const command = ['qemu-aarch64-static', '-L', muslRoot('arm64'), muslNode('arm64', 24)]
  const program = wrapperOf('linux-arm64-musl', command)
  const env = { NODE_OPTIONS: `--require=${preloadOf(program)}` }
  const files = behaviourFiles(folder)
  await runFiles('linux-arm64-musl, Node 24', folder, files, { program, env })
}

function installed(registry, cpu) {
  const platform = `linux-${cpu}-musl`
  const options = ['--os=linux', `--cpu=${cpu}`, '--libc=musl']
  return attempt(`${platform}: installs`, () => installFor(registry, platform, options))
}
