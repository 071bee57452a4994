/** The access key is proved both ways: who has taken a master's place learns nothing, and is not believed. */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { CRUDJTError, type SessionStore, Store } from 'crudjt'
import { kill } from '../helpers/children.js'
import { type Answers, FakeMaster } from '../helpers/fake-master.js'
import { inFolder, newFolder, removeFolder } from '../helpers/folder.js'
import { patient, placeOf, runMaster, runOlderMaster, stopMaster } from '../helpers/masters.js'
import { rawClient } from '../helpers/raw-client.js'
import { RawStream } from '../helpers/raw-stream.js'
import { refuses } from '../helpers/refusals.js'

const access_key = 'the-access-key-of-a-test'
const secret = 'a card number'
const data = { secret }
const unproven = {
  is: CRUDJTError,
  code: 'ERR_CRUDJT_UNAUTHENTICATED',
  says: 'did not prove that it has the access key',
} as const

const welcome = { version: 1, master: randomBytes(16), resumed: true, max_data_size: 256 }
const nonce = randomBytes(32)
const forged = (number: number) => ({ number, token: 'f'.repeat(22), result: true })
const replies = [forged(1), forged(2), forged(3), forged(4)]

/** What a server does that has no access key, and what a client makes of it. */
const fakes: Record<string, [answers: Answers, says?: string]> = {
  'welcomes everybody': [() => ({ send: [{ welcome }, { taken: 9, replies }] })],
  'welcomes with a proof that it makes up': [
    () => ({ send: [{ welcome: { ...welcome, proof: randomBytes(32) } }] }),
  ],
  'challenges, and welcomes without a proof': [
    ({ hello }) => ({ send: [hello === null ? { welcome } : { challenge: { nonce } }] }),
  ],
  'challenges, and makes up a proof': [
    ({ hello }) =>
      hello === null
        ? { send: [{ welcome: { ...welcome, proof: randomBytes(32) } }] }
        : { send: [{ challenge: { nonce } }] },
  ],
  "challenges, and sends the client's proof back": [
    ({ hello, proof }) =>
      hello === null
        ? { send: [{ welcome: { ...welcome, proof } }, { taken: 9, replies }] }
        : { send: [{ challenge: { nonce } }] },
  ],
  'challenges and welcomes at once': [
    () => ({ send: [{ challenge: { nonce }, welcome: { ...welcome, proof: randomBytes(32) } }] }),
  ],
  'has only the unary methods': [() => ({ end: { 'grpc-status': '12' } })],
  'refuses in words of its own': [
    () => ({
      end: { 'grpc-status': '9', 'crudjt-code': 'ERR_CRUDJT_VERSION', 'grpc-message': 'lies' },
    }),
  ],
  'says that the key is wrong': [
    () => ({ end: { 'grpc-status': '16', 'grpc-message': 'lies' } }),
    'another access key',
  ],
}

/** Every call, with a token. */
function calls(store: SessionStore, token: string): (() => Promise<unknown>)[] {
  return [
    () => store.create(data),
    () => store.read(token),
    () => store.update(token, data),
    () => store.delete(token),
    () => store.flush(),
  ]
}

const folder = newFolder()
const at = placeOf(folder)
/** A client whose master is gone, and a token of it. */
let store: SessionStore
let token: string

test.before(async () => {
  const master = await runMaster(folder, { ...at, access_key })
  store = await Store.connect({ ...patient(at), access_key })
  token = await store.create(data)
  await kill(master.process)
})
test.after.always(async () => {
  await store.close()
  removeFolder(folder)
})

/** A fake in the place of the master. */
async function fakeMaster(answers: Answers): Promise<FakeMaster> {
  rmSync(at.grpc_host.replace('unix:', ''), { force: true })
  return new FakeMaster(answers).listen(at)
}

function knowsNothing(t: ExecutionContext, fake: FakeMaster): void {
  t.true(fake.messages > 0)
  for (const text of [access_key, token, secret, 'Bearer', 'token.TokenService']) {
    t.false(fake.knows(text), text)
  }
}

for (const [what, [answers, says = unproven.says]] of Object.entries(fakes)) {
  test.serial(
    `a server in the place of the master that ${what} gets nothing and is not believed`,
    async (t) => {
      const fake = await fakeMaster(answers)
      // The first call may still be lost with the former connection.
      await store.read(token).catch(() => {})
      for (const call of calls(store, token)) {
        const { message } = await refuses(t, call, { ...unproven, says })
        t.false(message.includes('lies') || message.includes(access_key))
      }
      knowsNothing(t, fake)
      fake.close()
    },
  )
}

test.serial('what a server says before it has proved the key changes nothing', async (t) => {
  const fake = await fakeMaster(() => ({ send: [{ taken: 9, replies, goodbye: {} }] }))
  await using hasty = await Store.connect({ ...at, timeout_ms: 500, access_key })
  for (const call of calls(hasty, token)) await t.throwsAsync(call, { instanceOf: CRUDJTError })
  knowsNothing(t, fake)
  fake.close()
})

test.serial('without an access key such a server gets all and is believed', async (t) => {
  const fake = await fakeMaster(() => ({ send: [{ welcome }, { taken: 9, replies }] }))
  await using open = await Store.connect(patient(at))
  t.is(await open.create(data), 'f'.repeat(22))
  t.true(await open.delete(token))
  t.true(fake.knows(secret) && fake.knows(token))
  fake.close()
})

test.serial('once the master is back its client goes on', async (t) => {
  const master = await runMaster(folder, { ...at, access_key })
  t.deepEqual(await store.read(token), { data })
  await stopMaster(master)
})

test('a client with an access key refuses a master without one, and one that is older', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder)
    await using store = await Store.connect({ ...patient(master.at), access_key })
    for (const call of calls(store, 'x')) await refuses(t, call, unproven)
    await stopMaster(master)
  })
  await inFolder(async (folder) => {
    const { at, process } = await runOlderMaster(folder, 'nil')
    await using store = await Store.connect({ ...patient(at), access_key })
    for (const call of calls(store, 'x')) await refuses(t, call, unproven)
    await kill(process)
  })
})

test('a client that is refused says what to do, and goes on once the keys are the same', async (t) => {
  await inFolder(async (folder) => {
    const place = placeOf(folder)
    const refused = { is: CRUDJTError, code: 'ERR_CRUDJT_UNAUTHENTICATED' } as const
    await using without = await Store.connect(patient(place))
    await using wrong = await Store.connect({ ...patient(place), access_key: 'another' })
    const master = await runMaster(folder, { ...place, access_key })
    const says = (reason: string) => ({ ...refused, says: `${reason}: set access_key` })
    await refuses(t, () => without.read('x'), says('requires an access key'))
    await refuses(t, () => wrong.read('x'), says('has another access key than this client'))
    await stopMaster(master)
    const other = await runMaster(folder, { ...place, access_key: 'another' })
    t.is(await wrong.read('x'), null)
    await refuses(t, () => without.read('x'), says('requires an access key'))
    await stopMaster(other)
  })
})

async function isServed(t: ExecutionContext, stream: RawStream): Promise<void> {
  t.is((await stream.listen().greet().next()).welcome?.version, 1)
  const packed_data = Buffer.from('81a16101', 'hex')
  const { replies } = await stream.send({ operations: [{ number: 1, packed_data }] }).next()
  t.is(replies[0]?.token.length, 22)
  stream.close()
}

test('the access key in a header is enough, as older clients send it', async (t) => {
  await inFolder(async (folder) => {
    const master = await runMaster(folder, { access_key })
    await isServed(t, new RawStream(master.at, undefined, `Bearer ${access_key}`))
    const unary = rawClient(master.at)
    const statuses = [`Bearer ${access_key}`, 'Bearer another', undefined].map((key) =>
      unary.call('ReadToken', { token: 'x' }, key).then(({ status }) => status),
    )
    t.deepEqual(await Promise.all(statuses), [0, 16, 16])
    unary.close()
    for (const header of ['Bearer another', undefined]) {
      const stream = new RawStream(master.at, undefined, header).listen().greet()
      const { code, details } = await stream.ended
      t.deepEqual([code, details.includes('access_key')], [16, true])
      stream.close()
    }
    await stopMaster(master)
  })
})
