// A master as those in other languages are: the four methods and nothing else, made of generated
// messages, with data unpacked and packed again. node older-master.mjs FOLDER KEY NOTHING
// NOTHING is what it answers where there is no such token: nil, empty or map.
import { join } from 'node:path'
import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Store } from 'crudjt'
import { pack, unpack } from 'msgpackr'

const [path, secret_key, nothing] = process.argv.slice(2)
const proto = join(import.meta.dirname, '../../../proto/token.proto')
const { token } = loadPackageDefinition(loadSync(proto, { keepCase: true, longs: String }))
const store = await Store.open({ path, secret_key })
const absent = { nil: Buffer.from([0xc0]), empty: Buffer.alloc(0), map: Buffer.from([0x80]) }

const limit = (given) => (given === '-1' ? null : BigInt(given))
const method = (work) => (call, callback) =>
  work(call.request).then(
    (answer) => callback(null, answer),
    ({ message }) => callback({ code: status.INVALID_ARGUMENT, details: message }),
  )

const server = new Server()
server.addService(token.TokenService.service, {
  CreateToken: method(async ({ packed_data, ttl, silence_read }) => ({
    token: await store.create(unpack(packed_data), limit(ttl), limit(silence_read)),
  })),
  ReadToken: method(async (request) => {
    const session = await store.read(request.token)
    return { packed_data: session === null ? absent[nothing] : pack(session) }
  }),
  UpdateToken: method(async ({ token, packed_data, ttl, silence_read }) => ({
    result: await store.update(token, unpack(packed_data), limit(ttl), limit(silence_read)),
  })),
  DeleteToken: method(async ({ token }) => ({ result: await store.delete(token) })),
})
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, grpc_port) => {
  process.on('message', () => process.send({ grpc_host: '127.0.0.1', grpc_port }))
  process.send('ready')
})
