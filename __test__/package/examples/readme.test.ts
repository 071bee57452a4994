/** The README's example runs as it stands and prints what its comments say. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const ROOT = process.cwd() // ava runs in the project's root

test('the first example of the README prints what its comments say', async (t) => {
  const folder = mkdtempSync(join(ROOT, '__test__', 'readme-')) // inside the package, whose name it imports
  t.teardown(() => rmSync(folder, { recursive: true }))
  const code = /```js\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? ''
  writeFileSync(join(folder, 'example.mjs'), code)
  const { stdout } = await promisify(execFile)(process.execPath, ['example.mjs'], { cwd: folder })
  const promised = [...code.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map((line) => line[1])
  const printed = stdout.trimEnd().split('\n')
  t.true(promised.length > 0, 'the example prints something')
  t.is(printed.length, promised.length)
  for (const [i, line] of printed.entries()) t.true(promised[i]?.startsWith(line), line)
})
