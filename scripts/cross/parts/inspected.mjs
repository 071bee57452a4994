// Inspects the binaries of all platforms: architecture, minimum system version, exported symbols and linked
// libraries. For macOS it is the only check, since nothing can run its binaries here.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, output, record } from '../report.mjs'
import { binaryOf, targets } from '../targets.mjs'
import { binaries, installPython, python } from '../toolchain.mjs'

/** Inspects every binary. */
export async function inspected() {
  installPython()
  for (const target of targets) {
    const binary = join(binaries, binaryOf(target))
    if (!existsSync(binary)) record(`inspecting ${target.platform}`, 'not built')
    else await attempt(`inspecting ${target.platform}`, () => inspect(target.platform, binary))
  }
}

async function inspect(platform, binary) {
  const script = join(import.meta.dirname, '../inspect.py')
  console.log((await output(python, [script, platform, binary])).trimEnd())
}
