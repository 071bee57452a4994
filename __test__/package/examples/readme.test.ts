/** The first example of the README runs unchanged, twice, and prints what its comments say. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const ROOT = process.cwd() // ava runs in the project's root
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const run = promisify(execFile)

test('the first example of the README', async (t) => {
  const cwd = mkdtempSync(join(ROOT, '__test__', 'readme-')) // inside the package, whose name it imports
  t.teardown(() => rmSync(cwd, { recursive: true }))
  const keygen = /^npx crudjt (keygen \S+ \S+)/m.exec(README)?.[1]?.split(' ') ?? []
  await run(process.execPath, [join(ROOT, 'dist/src/cli/main.js'), ...keygen], { cwd })
  const code = /```js\n([\s\S]*?)```/.exec(README)?.[1] ?? ''
  writeFileSync(join(cwd, 'example.mjs'), code)
  const promised = [...code.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map((line) => line[1])
  t.true(promised.length > 0)
  for (const time of ['first', 'second']) {
    const { stdout, stderr } = await run(process.execPath, ['example.mjs'], { cwd })
    const printed = stdout.trimEnd().split('\n')
    t.is(printed.length, promised.length)
    for (const [i, line] of printed.entries()) t.true(promised[i]?.startsWith(line), line)
    t.is(stderr, '', `nothing is warned of the ${time} time`)
  }
})
