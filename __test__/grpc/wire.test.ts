/** The unary methods, tested with hand-made requests. */
import test, { type ExecutionContext } from 'ava'
import { CRUDJT } from 'crudjt'
import { Packr, unpack } from 'msgpackr'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import { type Came, type RawClient, rawClient } from '../helpers/raw-client.js'
import { asGiven } from '../helpers/ttl.js'

const { Config } = CRUDJT
const { pack } = new Packr({ useRecords: false, variableMapSize: true })
const INVALID_ARGUMENT = 3

const folder = newFolder()
let client: RawClient

test.before(async () => {
  await Config.startMaster({ secret_key: KEY, store_jt_path: folder, grpc_port: 0 })
  client = rawClient(Config.address() as never)
})
test.after.always(async () => {
  client.close()
  await Config.shutdownServer()
  removeFolder(folder)
})

const none = { ttl: -1, silence_read: -1 }

async function create(packed_data: Buffer, limits: object = none): Promise<string> {
  const { answer, text } = await client.call('CreateToken', { packed_data, ...limits })
  if (text !== '') throw new Error(text)
  return String(answer.token)
}

async function readPacked(token: string): Promise<Buffer> {
  const { answer } = await client.call('ReadToken', { token })
  return answer.packed_data as Buffer
}

function refused(t: ExecutionContext, came: Came, says: string, code: string, about = says): void {
  t.is(came.status, INVALID_ARGUMENT, about)
  t.true(came.text.includes(says), `${about}: ${came.text}`)
  t.is(came.code, code, about)
}

test('data comes back byte for byte as a client encoded it', async (t) => {
  const values = [
    ['c4030001ff', 'bytes'],
    ['cf7fffffffffffffff', 'an integer beyond 2^53'],
    ['d3ffffffffffffff85', 'an integer in more bytes than needed'],
    ['cb8000000000000000', '-0.0'],
    ['cb7ff8000000000001', 'a NaN of its own'],
    ['ca3fc00000', 'a float of 32 bits'],
    ['d405aa', 'an extension'],
    ['d6ff00000005', 'a time'],
    ['8202a16101a162', 'keys that are no text, in their order'],
    ['dd0000000101', 'a length in more bytes than needed'],
  ] as const
  for (const [hex, what] of values) {
    const data = Buffer.from(`81a161${hex}`, 'hex')
    const token = await create(data)
    const whole = Buffer.concat([Buffer.from('81a464617461', 'hex'), data])
    t.deepEqual(await readPacked(token), whole, what)
  }
})

test('a result holds the data and only the limits that are set', async (t) => {
  const data = { a: 1 }
  const since = Date.now()
  const readBack = async (limits: { ttl?: number; silence_read?: number | string }) => {
    const token = await create(pack(data), { ...none, ...limits })
    return asGiven(unpack(await readPacked(token)), limits.ttl ?? 0, since)
  }
  t.deepEqual(await readBack({}), { data })
  t.deepEqual(await readBack({ ttl: 60 }), { metadata: { ttl: 60 }, data })
  t.deepEqual(await readBack({ silence_read: 300 }), { metadata: { silence_read: 299 }, data })
  const large = await readBack({ ttl: 70_000, silence_read: '9223372036854775807' })
  const metadata = { ttl: 70_000, silence_read: 9223372036854775806n }
  t.deepEqual(large, { metadata, data })
})

test('clients in any language and the master itself see the same tokens', async (t) => {
  const token = await CRUDJT.create({ by: 'master' }, null, 3)
  t.deepEqual(unpack(await readPacked(token)), {
    metadata: { silence_read: 2 },
    data: { by: 'master' },
  })
  t.deepEqual(await CRUDJT.read(token), { metadata: { silence_read: 1 }, data: { by: 'master' } })
  const request = { token, packed_data: pack({ by: 'client' }), ...none }
  t.true((await client.call('UpdateToken', request)).answer.result)
  t.deepEqual(await CRUDJT.read(token), { data: { by: 'client' } })
  t.true((await client.call('DeleteToken', { token })).answer.result)
  t.is(await CRUDJT.read(token), null)
})

test('a missing token is not an error: nil or false', async (t) => {
  for (const token of ['A'.repeat(22), 'x', 'ä'.repeat(22), 'A'.repeat(10_000), '\0']) {
    const read = await client.call('ReadToken', { token })
    t.deepEqual([read.status, read.answer.packed_data], [0, Buffer.from([0xc0])])
    const update = await client.call('UpdateToken', { token, packed_data: pack({}), ...none })
    t.deepEqual([update.status, update.answer.result], [0, false])
    const remove = await client.call('DeleteToken', { token })
    t.deepEqual([remove.status, remove.answer.result], [0, false])
  }
})

test('a blank token is refused by every method', async (t) => {
  const says = "token can't be blank"
  const request = { packed_data: pack({}), ...none }
  for (const method of ['ReadToken', 'UpdateToken', 'DeleteToken']) {
    refused(t, await client.call(method, request), says, 'ERR_CRUDJT_TOKEN', method)
  }
})

test('limits of 0, absent ones and those below -1 are refused; -1 is suggested', async (t) => {
  const token = await create(pack({ a: 1 }), { ttl: 100, silence_read: -1 })
  const packed_data = pack({ a: 2 })
  for (const method of ['CreateToken', 'UpdateToken']) {
    for (const bad of [0, undefined, -2, '-9223372036854775808']) {
      const says = /ttl should be greater than 0 and less than 2\^64: send -1/.source
      const ttl = await client.call(method, { token, packed_data, silence_read: -1, ttl: bad })
      t.regex(ttl.text, new RegExp(says))
      refused(t, ttl, 'ttl should be', 'ERR_CRUDJT_LIMIT', method)
      const reads = await client.call(method, { token, packed_data, ttl: -1, silence_read: bad })
      refused(t, reads, 'silence_read should be greater than 0', 'ERR_CRUDJT_LIMIT', method)
    }
  }
  t.deepEqual((await CRUDJT.read(token))?.data, { a: 1 })
})

const invalid = 'not one complete MessagePack value'
const wrongData: [what: string, hex: string, says: string][] = [
  ['nothing', '', invalid],
  ['nil', 'c0', 'Must be a Hash (Object)'],
  ['a number', '05', 'Must be a Hash (Object)'],
  ['an array', '9101', 'Must be a Hash (Object)'],
  ['text', 'a161', 'Must be a Hash (Object)'],
  ['a map that is cut short', '82a16101', invalid],
  ['a map of more entries than there are bytes', 'dfffffffffa16101', invalid],
  ['bytes behind the map', '81a1610100', invalid],
  ['a code that there is not', '81a161c1', invalid],
  ['text that is not UTF-8', '81a161a2c328', invalid],
  ['text that is longer than the rest', '81a161dbffffffff61', invalid],
  ['too many levels', `81a161${'91'.repeat(128)}01`, 'nested deeper than 128 levels'],
  ['levels without end', `81a161${'91'.repeat(2000)}`, 'nested deeper than 128 levels'],
]

test('invalid data is refused by both methods that take data', async (t) => {
  const token = await create(pack({ a: 1 }))
  for (const method of ['CreateToken', 'UpdateToken']) {
    for (const [what, hex, says] of wrongData) {
      const came = await client.call(method, {
        token,
        packed_data: Buffer.from(hex, 'hex'),
        ...none,
      })
      refused(t, came, says, 'ERR_CRUDJT_DATA', `${method}: ${what}`)
    }
  }
  t.deepEqual(await CRUDJT.read(token), { data: { a: 1 } })
})

/** Data with so many integers of nine bytes each. */
function wide(integers: number): Buffer {
  const list = Buffer.alloc(9 * integers)
  for (let i = 0; i < integers; i++) list[9 * i] = 0xd3
  const header = Buffer.from('81a161dc0000', 'hex')
  header.writeUInt16BE(integers, 4)
  return Buffer.concat([header, list])
}

test('the size limit applies to the most compact encoding', async (t) => {
  const token = await create(wide(250))
  t.deepEqual((await CRUDJT.read(token))?.data, { a: new Array(250).fill(0) })
  const says = 'Hash can not be bigger than 256 bytesize'
  for (const method of ['CreateToken', 'UpdateToken']) {
    const came = await client.call(method, { token, packed_data: wide(251), ...none })
    refused(t, came, `${says}: it takes 257 bytes`, 'ERR_CRUDJT_DATA_TOO_LARGE')
    const huge = await client.call(method, { token, packed_data: Buffer.alloc(500_000), ...none })
    refused(t, huge, says, 'ERR_CRUDJT_DATA_TOO_LARGE')
  }
  const most = pack({ a: 'x'.repeat(250) })
  t.is(most.length, 255)
  t.true((await client.call('UpdateToken', { token, packed_data: most, ...none })).answer.result)
})

test('a message over one megabyte is refused before it is decoded', async (t) => {
  const RESOURCE_EXHAUSTED = 8
  const came = await client.call('CreateToken', { packed_data: Buffer.alloc(1 << 21), ...none })
  t.is(came.status, RESOURCE_EXHAUSTED)
  t.deepEqual(await CRUDJT.read(await create(pack({}))), { data: {} })
})

test('with keep, UpdateToken leaves limits of -1 unchanged', async (t) => {
  const since = Date.now()
  const token = await create(pack({ a: 1 }), { ttl: 100, silence_read: 10 })
  const request = { token, packed_data: pack({ a: 2 }), ttl: -1, silence_read: 5, keep: true }
  t.true((await client.call('UpdateToken', request)).answer.result)
  const metadata = { ttl: 100, silence_read: 4 }
  const session = asGiven(await CRUDJT.read(token), 100, since)
  t.deepEqual(session, { metadata, data: { a: 2 } })
})

/** Data as other languages may write it, and what it is in JavaScript. */
const foreign: [hex: string, data: object][] = [
  ['81a161cf001fffffffffffff', { a: 2 ** 53 - 1 }],
  ['81a161d30020000000000000', { a: 2n ** 53n }],
  ['81a161cf1000000000000000', { a: 2n ** 60n }],
  ['81a161cb43b0000000000000', { a: 2 ** 60 }],
  ['8181a8746f537472696e6701c0', { '{"toString":1}': null }],
  ['81920181a16102c0', { '[1,{"a":2}]': null }],
  ['81a8746f537472696e6781a776616c75654f6601', { toString: { valueOf: 1 } }],
]

test('each counted read of data of another language gives the data', async (t) => {
  for (const [hex, data] of foreign) {
    const token = await create(Buffer.from(hex, 'hex'), { ttl: -1, silence_read: 3 })
    for (const silence_read of [2, 1, 0]) {
      t.deepEqual(await CRUDJT.read(token), { metadata: { silence_read }, data: data as never })
    }
    t.is(await CRUDJT.read(token), null)
  }
})
