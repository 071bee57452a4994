/** `crudjt verify`, `repair`, `compact` and `keys`: output, exit status, and what they leave unchanged. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { type RepairReport, Store, type VerifyReport } from 'crudjt'
import { ask, kill, startProcess } from '../helpers/children.js'
import { crudjt, startCommand } from '../helpers/cli.js'
import { inFolder } from '../helpers/folder.js'
import { KEY, OTHER_KEY } from '../helpers/keys.js'

const withKey = { env: { CRUDJT_SECRET_KEY: KEY } }

/** A closed store with the given number of tokens. */
async function makeStore(path: string, tokens: number, secret_key: string | string[] = KEY) {
  const store = await Store.open({ path, secret_key })
  const made = Array.from({ length: tokens }, (_, at) =>
    store.create({ at, text: 'x'.repeat(200) }),
  )
  const all = await Promise.all(made)
  await store.close()
  return all
}

function contents(path: string): [string, string][] {
  return readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'base64')])
}

function damage(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

test('a sound store is reported with status 0, as text and as JSON, and not changed', async (t) => {
  await inFolder(async (folder) => {
    await makeStore(folder, 30)
    const before = contents(folder)
    const { status, stdout, stderr } = await crudjt(['verify', folder], withKey)
    t.deepEqual([status, stderr], [0, ''])
    t.regex(stdout, /^Sound: .*\n30 records \(0 expired, 30 decrypted\), \d+ blocks, /)
    const asJson = await crudjt(['verify', '--json', '--quiet'], { env: { CRUDJT_STORE: folder } })
    const report = JSON.parse(asJson.stdout) as VerifyReport
    t.like(report, { sound: true, records: 30, opened: 0, findings: [], finding_count: 0 })
    t.regex(asJson.stdout, /^[^\n]+\n$/)
    t.deepEqual(contents(folder), before)
  })
})

test('a killed store is verified as it is, without a change', async (t) => {
  await inFolder(async (folder) => {
    const owner = await startProcess('owner.mjs', folder, KEY)
    for (let n = 0; n < 20; n++) await ask(owner, 'create')
    await kill(owner)
    const before = contents(folder)
    const { status, stdout } = await crudjt(['verify', folder], withKey)
    t.is(status, 0)
    t.regex(stdout, /\n20 records \(0 expired, 20 decrypted.*, [1-9]\d* operations to replay\n$/)
    t.deepEqual(contents(folder), before)
  })
})

test('findings are reported with status 1; repair salvages into a new store, and ends with status 1 if anything is lost', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    await makeStore(path, 300)
    const leaf = readFileSync(join(path, 'records')).indexOf(Buffer.alloc(8, 'x')) // nothing in clear
    t.is(leaf, -1)
    damage(join(path, 'keyring'), 60)
    const found = await crudjt(['verify', path])
    t.is(found.status, 1)
    t.regex(
      found.stdout,
      /^Not sound: .*, 1 finding\n {2}keyring: .*\n300 records .*\n.*crudjt repair /,
    )
    const cured = await crudjt(['repair', path], withKey)
    t.deepEqual([cured.status, cured.stderr], [0, ''])
    t.regex(cured.stdout, /^Salvaged 300 records of .*store into .*store\.repaired\n1 finding\n/)
    const size = readFileSync(join(path, 'records')).length
    for (let at = 4104; at < size; at += 4104) damage(join(path, 'records'), at + 100)
    const before = contents(path)
    const target = join(folder, 'other')
    const lost = await crudjt(['repair', path, '--target', target, '--keep-doubtful', '--json'])
    t.is(lost.status, 1)
    const report = JSON.parse(lost.stdout) as RepairReport
    t.is(report.path, target)
    t.true(report.salvaged < 300 && report.finding_count > 0)
    t.is(report.lost, 300 - report.salvaged)
    t.deepEqual(contents(path), before)
    t.is((await crudjt(['verify', target])).status, 0)
  })
})

test('compact reports the size of a store', async (t) => {
  await inFolder(async (folder) => {
    await makeStore(folder, 30)
    const { status, stdout, stderr } = await crudjt(['compact', folder])
    t.deepEqual([status, stderr], [0, ''])
    t.regex(stdout, /: [\d.]+ KiB before, [\d.]+ KiB now, 30 records\n$/)
    const { records, bytes_after } = JSON.parse(
      (await crudjt(['compact', folder, '--json'])).stdout,
    )
    t.deepEqual([records, bytes_after > 0], [30, true])
  })
})

test('keys lists the domains of a store in use and what a secret opens, never a key', async (t) => {
  await inFolder(async (folder) => {
    await makeStore(folder, 1)
    await makeStore(folder, 1, [OTHER_KEY, KEY])
    const store = await Store.open({ path: folder, secret_key: OTHER_KEY })
    const { status, stdout, stderr } = await crudjt(['keys', folder], {
      env: { CRUDJT_SECRET_KEY: OTHER_KEY },
    })
    t.deepEqual([status, stderr], [0, ''])
    const when = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d UTC \(\d days? ago\)`
    t.regex(
      stdout,
      new RegExp(
        `^2 domains\n  [0-9a-f]{8}  original key, ${when}\n {12}newer key, added by rotation, ${when}, opened by the given key\n  [0-9a-f]{8}  original key, ${when}, opened by the given key\nThe key in CRUDJT_SECRET_KEY opens all of them\n$`,
      ),
    )
    const old = await crudjt(['keys', folder], withKey)
    t.regex(old.stdout, /The key in CRUDJT_SECRET_KEY opens 1 of them\n$/)
    const { domains } = JSON.parse((await crudjt(['keys', folder, '--json'])).stdout)
    t.deepEqual(
      domains.map(({ opens, slots }: { opens: boolean; slots: unknown[] }) => [
        opens,
        slots.length,
      ]),
      [
        [false, 2],
        [false, 1],
      ],
    )
    const wrapped = readFileSync(join(folder, 'keyring')).subarray(40)
    for (let at = 62; at < 110; at += 4) {
      t.false(stdout.includes(wrapped.subarray(at, at + 4).toString('hex')))
    }
    await store.close()
  })
})

test('each failure is one line and a documented exit status', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'store')
    const store = await Store.open({ path, secret_key: KEY })
    for (const [args, expected, says] of [
      [['verify', path], 2, /belongs to process \d+ on host .*: stop it first/],
      [['repair', path], 2, /stop it first/],
      [['compact', path], 1, /stop it first/],
      [['verify', join(folder, 'none')], 78, /there is no store/],
      [['keys', join(folder, 'none')], 78, /there is no store/],
      [['repair', path, '--target', folder, 'x'], 64, /Unexpected argument 'x'/],
      [['verify'], 64, /No PATH given/],
      [['keys', ''], 64, /PATH is empty/],
      [['verify', path, '--secret-file', join(folder, 'none')], 78, /There is no file/],
    ] as const) {
      const { status, stdout, stderr } = await crudjt(args)
      t.deepEqual([status, stdout], [expected, ''], args.join(' '))
      t.regex(stderr, /^crudjt: [^\n]+\n$/)
      t.regex(stderr, says)
    }
    const bad = await crudjt(['verify', path], { env: { CRUDJT_SECRET_KEY: 'dGV4dA==' } })
    t.is(bad.status, 78)
    t.regex(bad.stderr, /^crudjt: Invalid secret key in CRUDJT_SECRET_KEY: /)
    await store.close()
  })
})

const signals = process.platform === 'win32' ? test.skip : test

signals(
  'an interrupted verify or repair changes nothing and says what it leaves behind',
  async (t) => {
    for (const [name, says] of [
      ['verify', /^crudjt: interrupted: the store was not changed\n$/],
      [
        'repair',
        /^crudjt: interrupted: .*store was not changed; remove .*store\.repaired, which is incomplete/,
      ],
    ] as const) {
      await inFolder(async (folder) => {
        const path = join(folder, 'store')
        await makeStore(path, 1)
        const before = contents(path)
        const HANGING = join(folder, 'hanging')
        const NODE_OPTIONS = `--require ${join(__dirname, '../helpers/scripts/hanging.cjs')}`
        const command = startCommand([name, path], { env: { HANGING, NODE_OPTIONS } })
        while (!existsSync(HANGING)) await setTimeout(10)
        command.process.kill('SIGINT')
        const { signal, stdout, stderr } = await command.ended
        t.deepEqual([signal, stdout], ['SIGINT', ''])
        t.regex(stderr, says)
        t.deepEqual(contents(path), before)
        t.false(existsSync(`${path}.repaired`))
      })
    }
  },
)
