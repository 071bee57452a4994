/** `crudjt keygen`. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { crudjt } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'

for (const bytes of [32, 48, 64]) {
  test(`a secret of ${bytes} bytes is printed, another one each time`, async (t) => {
    const made = await Promise.all([1, 2].map(() => crudjt(['keygen', '--bytes', String(bytes)])))
    const secrets = made.map(({ stdout }) => stdout)
    t.not(secrets[0], secrets[1])
    for (const secret of secrets) {
      t.regex(secret, /^[A-Za-z0-9+/]+=*\n$/)
      t.is(Buffer.from(secret, 'base64').length, bytes)
    }
  })
}

test('a secret is written to a new file for its owner alone, and not shown', async (t) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'secret_key.txt')
    const { status, stdout } = await crudjt(['keygen', '--out', file])
    const secret = readFileSync(file, 'utf8')
    t.is(status, 0)
    t.is(Buffer.from(secret, 'base64').length, 32)
    t.is(statSync(file).mode & 0o777, 0o600)
    t.false(stdout.includes(secret.trim()))
  })
})

test('an existing file is left unchanged', async (t) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'secret_key.txt')
    writeFileSync(file, 'mine')
    const { status, stderr } = await crudjt(['keygen', '--out', file])
    t.is(status, 1)
    t.regex(stderr, /secret_key\.txt was not written: it is there already[^\n]+\n$/)
    t.is(readFileSync(file, 'utf8'), 'mine')
  })
})

test('a folder that does not exist is named', async (t) => {
  await inFolder(async (folder) => {
    const { status, stderr } = await crudjt(['keygen', '--out', join(folder, 'no/such')])
    t.is(status, 1)
    t.regex(stderr, /there is no such folder\n$/)
  })
})
