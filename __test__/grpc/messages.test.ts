/** The hand-written codec of the unary methods against protobufjs with the proto file. */
import type { MessageTypeDefinition, ServiceDefinition } from '@grpc/proto-loader'
import test from 'ava'
import { MALFORMED } from '../../build/src/grpc/wire/protobuf.js'
import * as messages from '../../build/src/grpc/wire/token-messages.js'
import fc from '../helpers/fast-check.js'
import { packageOf } from '../helpers/raw-client.js'

const service = packageOf('token.proto')['token.TokenService'] as ServiceDefinition
const oracle = (name: string) => service[name] as NonNullable<ServiceDefinition[string]>

const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const small = fc.integer({ min: -1, max: 2 ** 31 }).map(BigInt)
const limit = fc.oneof(int64, small)
const text = fc.string({ maxLength: 200 })
const data = fc.uint8Array({ maxLength: 400 }).map((given) => Buffer.from(given))

const exactly = (value: bigint) =>
  BigInt(Number(value)) === value && isSafe(value) ? Number(value) : value
const isSafe = (value: bigint) => Number.isSafeInteger(Number(value))

/** A request with its data as bytes of their own. */
function plain({ bytes, from, to, ...rest }: messages.DataRequest) {
  return { ...rest, data: Buffer.from(bytes.subarray(from, to)) }
}

test('requests that protobufjs encodes are decoded', (t) => {
  fc.assert(
    fc.property(text, data, limit, limit, fc.boolean(), (token, packed_data, ttl, reads, keep) => {
      const fields = { packed_data, ttl: String(ttl), silence_read: String(reads) }
      const create = messages.readCreateRequest(oracle('CreateToken').requestSerialize(fields))
      const limits = { ttl: exactly(ttl), reads: exactly(reads) }
      t.deepEqual(plain(create), { token: '', data: packed_data, ...limits, keep: false })
      const whole = oracle('UpdateToken').requestSerialize({ token, ...fields, keep })
      const update = messages.readUpdateRequest(whole)
      const latin1 = Buffer.from(token).toString('latin1')
      t.deepEqual(plain(update), { token: latin1, data: packed_data, ...limits, keep })
      const read = oracle('ReadToken').requestSerialize({ token })
      t.is(messages.readTokenRequest(read), latin1)
    }),
  )
})

test('protobufjs decodes the requests that we encode', (t) => {
  fc.assert(
    fc.property(text, data, limit, limit, (token, packed_data, ttl, reads) => {
      const fields = { packed_data, ttl: String(ttl), silence_read: String(reads) }
      const limits = { ttl: exactly(ttl), reads: exactly(reads), keep: false }
      const within = Buffer.concat([Buffer.of(1, 2, 3), packed_data, Buffer.of(4)])
      const range = { bytes: within, from: 3, to: within.length - 1 }
      const create = messages.writeCreateRequest({ token: '', ...range, ...limits })
      t.like(oracle('CreateToken').requestDeserialize(create), fields)
      const update = messages.writeUpdateRequest({ token, ...range, ...limits })
      t.like(oracle('UpdateToken').requestDeserialize(update), { token, ...fields })
      const read = messages.writeToken(token)
      t.like(oracle('ReadToken').requestDeserialize(read), { token })
    }),
  )
})

test('responses are encoded and decoded', (t) => {
  for (const result of [true, false]) {
    const { responseSerialize, responseDeserialize } = oracle('UpdateToken')
    t.is(messages.readResult(responseSerialize({ result })), result)
    t.like(responseDeserialize(messages.writeResult(result)), { result })
  }
  const { responseSerialize } = oracle('ReadToken')
  const packed_data = Buffer.from('abc')
  t.deepEqual(messages.readFirst(responseSerialize({ packed_data })), packed_data)
  t.is(messages.readFirst(Buffer.alloc(0)).length, 0)
})

test('unknown fields are skipped', (t) => {
  const unknown = Buffer.from('9a0103616263a00105a9010102030405060708ad0101020304', 'hex')
  const known = messages.writeToken('token')
  t.is(messages.readTokenRequest(Buffer.concat([unknown, known, unknown])), 'token')
})

test('arbitrary bytes are decoded or rejected as malformed', (t) => {
  const readers = [
    messages.readCreateRequest,
    messages.readUpdateRequest,
    messages.readTokenRequest,
    messages.readResult,
  ]
  let [understood, refused] = [0, 0]
  fc.assert(
    fc.property(data, (given) => {
      for (const read of readers) {
        try {
          read(given)
          understood++
        } catch (error) {
          t.is(error, MALFORMED)
          refused++
        }
      }
    }),
  )
  t.true(understood > 20 && refused > 20, `${understood} understood, ${refused} refused`)
})

test('the proto file has the fields that clients in all languages expect', (t) => {
  const names = Object.values(service).map(({ path }) => path)
  t.deepEqual(
    names,
    ['Create', 'Read', 'Update', 'Delete'].map((call) => `/token.TokenService/${call}Token`),
  )
  const fields = (type: MessageTypeDefinition<object, object>) =>
    (type.type as { field: { name: string; number: number; type: string }[] }).field.map(
      ({ name, number, type }) => `${type} ${name} = ${number}`,
    )
  t.deepEqual(fields(oracle('UpdateToken').requestType as never), [
    'TYPE_STRING token = 1',
    'TYPE_BYTES packed_data = 2',
    'TYPE_INT64 ttl = 3',
    'TYPE_INT64 silence_read = 4',
    'TYPE_BOOL keep = 5',
  ])
  t.deepEqual(fields(oracle('CreateToken').requestType as never), [
    'TYPE_BYTES packed_data = 1',
    'TYPE_INT64 ttl = 2',
    'TYPE_INT64 silence_read = 3',
  ])
})
