// Linux with musl, as Alpine: real Nodes of that kind, on x64 and, under qemu-user, on arm64.

import { installFor } from '../install.mjs'
import { muslNode, muslRoot } from '../musl.mjs'
import { programOf, startedBy } from '../nodes.mjs'
import { attempt } from '../report.mjs'
import { behaviourFiles, runFiles } from '../suite/run.mjs'
import { needDebian } from '../toolchain.mjs'

const MAJORS = [20, 22, 24]

/** Tries it out. `isBrief` leaves out what takes long under an emulator. */
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
  needDebian(['qemu-user-static'])
  const folder = await installed(registry, 'arm64')
  if (folder === undefined) return
  const words = ['qemu-aarch64-static', '-L', muslRoot('arm64'), muslNode('arm64', 24)]
  const program = programOf('linux-arm64-musl', words)
  const env = { NODE_OPTIONS: `--require=${startedBy(program)}` }
  const files = behaviourFiles(folder)
  await runFiles('linux-arm64-musl, Node 24', folder, files, { program, env })
}

function installed(registry, cpu) {
  const platform = `linux-${cpu}-musl`
  const options = ['--os=linux', `--cpu=${cpu}`, '--libc=musl']
  return attempt(`${platform}: installs`, () => installFor(registry, platform, options))
}
