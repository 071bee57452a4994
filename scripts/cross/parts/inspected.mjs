// macOS: nothing runs here, so what can be seen in the binaries is: architecture, oldest system,
// exported symbols and linked libraries. The same is looked at in those of Linux and Windows.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, output, say } from '../report.mjs'
import { binaryOf, targets } from '../targets.mjs'
import { binaries, needPython, python } from '../toolchain.mjs'

/** Looks at every binary that there is. */
export async function inspected() {
  needPython()
  for (const target of targets) {
    const binary = join(binaries, binaryOf(target))
    if (!existsSync(binary)) say(`${target.platform} is inspected`, 'it is not built')
    else await attempt(`${target.platform} is inspected`, () => inspect(target.platform, binary))
  }
}

async function inspect(platform, binary) {
  const script = join(import.meta.dirname, '../inspect.py')
  console.log((await output(python, [script, platform, binary])).trimEnd())
}
