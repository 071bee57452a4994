/** `crudjt keygen`. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { crudjt } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'

for (const bytes of [32, 48, 64]) {
  test(`a new secret of ${bytes} bytes is printed each time`, async (t) => {
    const made = await Promise.all([1, 2].map(() => crudjt(['keygen', '--bytes', String(bytes)])))
    const secrets = made.map(({ stdout }) => stdout)
    t.not(secrets[0], secrets[1])
    for (const secret of secrets) {
      t.regex(secret, /^[A-Za-z0-9+/]+=*\n$/)
      t.is(Buffer.from(secret, 'base64').length, bytes)
    }
  })
}

test('a secret is written to a new file with mode 0600, and not printed', async (t) => {
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

test('an existing file is not overwritten', async (t) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'secret_key.txt')
    writeFileSync(file, 'mine')
    const { status, stderr } = await crudjt(['keygen', '--out', file])
    t.is(status, 1)
    t.regex(stderr, /^crudjt: Cannot write \S+secret_key\.txt: it already exists[^\n]+\n$/)
    t.is(readFileSync(file, 'utf8'), 'mine')
  })
})

test('a missing folder is reported', async (t) => {
  await inFolder(async (folder) => {
    const { status, stderr } = await crudjt(['keygen', '--out', join(folder, 'no/such')])
    t.is(status, 1)
    t.regex(stderr, /its folder does not exist\n$/)
  })
})
