/** Secret files: several keys, wrapped keys, files open to all, and what no message shows. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type KeyDomain, Store } from 'crudjt'
import { crudjt, serve } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY, OTHER_KEY } from '../helpers/keys.js'

const LONG_KEY = Buffer.from(Array.from({ length: 64 }, (_, at) => (at * 37) % 251)).toString(
  'base64',
)
const UNPADDED = [KEY.replace('=', ''), KEY.replaceAll(/[=Q]/g, (c) => (c === 'Q' ? 'R' : ''))]
const wrapped = (key: string, width: number) => key.match(new RegExp(`.{1,${width}}`, 'g')) ?? []

/** A store with a domain for each key. */
async function makeStore(path: string, keys: readonly string[]): Promise<void> {
  for (const secret_key of keys) {
    const store = await Store.open({ path, secret_key })
    await store.create({ a: 1 })
    await store.close()
  }
}

/** How many of a store's domains the command finds opened by a secret file. */
async function opened(path: string, file: string): Promise<number> {
  const { status, stdout, stderr } = await crudjt(['keys', path, '--secret-file', file, '--json'])
  if (status !== 0) throw new Error(stderr)
  const { domains } = JSON.parse(stdout) as { domains: KeyDomain[] }
  return domains.filter(({ opens }) => opens).length
}

test('keys in a file are separated by line ends or commas, and may be wrapped', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const keys = [KEY, OTHER_KEY, LONG_KEY]
    await makeStore(path, keys)
    const file = join(folder, 'secret.txt')
    const lines = [KEY, ...wrapped(LONG_KEY, 64), OTHER_KEY]
    const texts: [text: string, count: number][] = [
      [keys.join('\n'), 3],
      [`${keys.join('\r\n')}\r\n`, 3],
      [`\n${KEY}\n\n${OTHER_KEY}\n`, 2],
      [keys.join(','), 3],
      [`${KEY},\n${OTHER_KEY}\n`, 2],
      [wrapped(LONG_KEY, 64).join('\n'), 1],
      [wrapped(LONG_KEY, 76).join('\n'), 1],
      [lines.join('\n'), 3],
      [lines.join('\r\n'), 3],
    ]
    for (const [text, count] of texts) {
      writeFileSync(file, text)
      t.is(await opened(path, file), count, JSON.stringify(text))
    }
  })
})

test('two keys without padding, one a line, are two and not one of 64 bytes', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    await makeStore(path, UNPADDED)
    const file = join(folder, 'secret.txt')
    writeFileSync(file, UNPADDED.join('\n'))
    t.is(await opened(path, file), 2)
  })
})

test('several files are given as a list; a name with a comma is a name if there is such a file', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    await makeStore(path, [KEY, OTHER_KEY])
    const [one, other, both] = ['a', 'b', 'a,b'].map((name) => join(folder, name))
    writeFileSync(one as string, `${KEY}\n`)
    writeFileSync(other as string, `${OTHER_KEY}\n`)
    t.is(await opened(path, `${one},${other}`), 2)
    writeFileSync(both as string, `${KEY}\n`)
    t.is(await opened(path, both as string), 1)
    const twice = ['keys', path, '--secret-file', one as string, '--secret-file', other as string]
    const { status, stderr } = await crudjt(twice)
    t.deepEqual([status, stderr], [64, 'crudjt: --secret-file is given more than once\n'])
  })
})

test('the library takes a wrapped key, and says that several belong in a list', async (t) => {
  await inFolder(async (path) => {
    const secret_key = `${wrapped(LONG_KEY, 64).join('\n')}\n`
    await makeStore(path, [LONG_KEY, secret_key])
    const { stdout } = await crudjt(['keys', path])
    t.regex(stdout, /^1 domain\n/)
    const says =
      /^'secret_key' must be a valid Base64 string: got 2 in one string, give them as a list/
    for (const both of [`${KEY}\n${OTHER_KEY}`, `${KEY},${OTHER_KEY}`]) {
      await t.throwsAsync(Store.open({ path, secret_key: both }), {
        code: 'ERR_CRUDJT_SECRET_KEY',
        message: says,
      })
    }
  })
})

test('a secret in the place of a file is not shown', async (t) => {
  for (const secret of [KEY, OTHER_KEY, LONG_KEY, 'open-sesame', `${KEY},${OTHER_KEY}`]) {
    for (const [args, env] of [
      [['verify', '/no/store', '--secret-file', secret], {}],
      [['verify', '/no/store'], { CRUDJT_SECRET_FILE: secret }],
      [['serve', '--store', '/no/store'], { CRUDJT_SECRET_FILE: secret }],
      [['serve', `--secret-key=${secret}`], {}],
      [['serve', '--access-key-file', 'open-sesame'], { CRUDJT_SECRET_KEY: KEY }],
    ] as const) {
      const { status, stdout, stderr } = await crudjt(args, { env })
      t.true([64, 78].includes(status as number), args.join(' '))
      for (const part of [...secret.split(','), 'sesame'])
        t.false(`${stdout}${stderr}`.includes(part))
    }
  }
})

const posix = process.platform === 'win32' ? test.skip : test

posix('a secret file that every user can read is warned of, and accepted', async (t) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'secret.txt')
    const path = join(folder, 'store')
    await makeStore(path, [KEY])
    writeFileSync(file, KEY)
    const verify = ['verify', path, '--secret-file', file]
    for (const [folderMode, mode, warns] of [
      [0o755, 0o644, true],
      [0o755, 0o640, false],
      [0o700, 0o644, false],
    ] as const) {
      chmodSync(folder, folderMode)
      chmodSync(file, mode)
      const { status, stderr } = await crudjt(verify)
      t.is(status, 0)
      t.is(
        stderr,
        warns ? `crudjt: warning: Every user of this machine can read ${file}: chmod 600 it\n` : '',
      )
    }
    chmodSync(folder, 0o755)
    chmodSync(file, 0o644)
    const server = await serve(['--store', path, '--secret-file', file])
    t.like(await server.line('CRUDJT_EXPOSED_SECRET'), { level: 'warn' })
    t.is((await server.stop()).status, 0)
  })
})

test('a short access key and calls without the right one are logged, without any key', async (t) => {
  await inFolder(async (folder) => {
    mkdirSync(join(folder, 'store'))
    const env = { CRUDJT_SECRET_KEY: KEY, CRUDJT_ACCESS_KEY: 'open-sesame' }
    const server = await serve(['--store', join(folder, 'store')], { env })
    await server.line('CRUDJT_WEAK_ACCESS_KEY')
    const stranger = await Store.connect({ ...server.at, access_key: 'open-barley' })
    for (let i = 0; i < 20; i++) {
      await t.throwsAsync(stranger.create({}), { code: 'ERR_CRUDJT_UNAUTHENTICATED' })
    }
    await stranger.close()
    t.regex(String((await server.line('CRUDJT_ACCESS_REFUSED')).msg), /from 127\.0\.0\.1:\d+$/)
    const { stdout } = await server.stop()
    t.is(stdout.split('CRUDJT_ACCESS_REFUSED').length, 2)
    for (const key of ['sesame', 'barley', KEY]) t.false(stdout.includes(key))
  })
})
