/** The standard gRPC services: health and reflection. */
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import test from 'ava'
import { CRUDJT } from 'crudjt'
import { service as healthService } from 'grpc-health-check'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import type { At } from '../helpers/masters.js'

const { Config } = CRUDJT
const ACCESS_KEY = 'the-access-key-of-a-test'

/** Runs a test with a client of a master in this process. */
async function withClient(body: (client: Client) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await Config.startMaster({
      secret_key: KEY,
      store_jt_path: folder,
      grpc_port: 0,
      access_key: ACCESS_KEY,
    })
    const { grpc_host, grpc_port } = Config.address() as At
    const client = new Client(`${grpc_host}:${grpc_port}`, credentials.createInsecure())
    try {
      await body(client)
    } finally {
      client.close()
      if (Config.wasStarted()) await Config.shutdownServer()
    }
  })
}

/** A method of the health service. */
interface HealthMethod {
  path: string
  requestSerialize(request: object): Buffer
  responseDeserialize(answer: Buffer): { status: string }
}

const methods = healthService as unknown as Record<'Check' | 'Watch', HealthMethod>

test.serial('health checks need no access key', async (t) => {
  const { path, requestSerialize, responseDeserialize } = methods.Check
  await withClient(async (client) => {
    for (const service of ['', 'token.TokenService']) {
      const status = await new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          { service },
          (error, answer) => (error === null ? resolve(answer?.status) : reject(error)),
        )
      })
      t.is(status, 'SERVING')
    }
  })
})

test.serial('a client that watches the health does not delay the shutdown', async (t) => {
  const { path, requestSerialize, responseDeserialize } = methods.Watch
  const request = { service: '' }
  await withClient(async (client) => {
    const watching = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    )
    watching.on('error', () => {})
    const seen: string[] = []
    watching.on('data', ({ status }) => seen.push(status))
    await new Promise((resolve) => watching.once('data', resolve))
    await Config.shutdownServer()
    t.deepEqual(seen, ['SERVING', 'NOT_SERVING'])
  })
})

const identity = (message: Buffer) => message

function openReflection(client: Client, version: string, key: string | undefined) {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
  const metadata = new Metadata()
  if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
  return client.makeBidiStreamRequest(path, identity, identity, metadata)
}

/** Asks the reflection service of a version for a text field of its request. */
function reflect(
  client: Client,
  version: string,
  field: number,
  text: string,
  key: string | undefined = ACCESS_KEY,
): Promise<Buffer> {
  const stream = openReflection(client, version, key)
  stream.end(Buffer.from([field * 8 + 2, text.length, ...Buffer.from(text)]))
  return new Promise((resolve, reject) => stream.once('data', resolve).once('error', reject))
}

const [FILE_BY_FILENAME, FILE_CONTAINING_SYMBOL, LIST_SERVICES] = [3, 4, 7]

test.serial('reflection lists the services', async (t) => {
  await withClient(async (client) => {
    for (const version of ['v1', 'v1alpha']) {
      const response = await reflect(client, version, LIST_SERVICES, '')
      t.true(response.includes('token.TokenService'))
      t.true(response.includes('crudjt.batch.Batch'))
    }
  })
})

test.serial('reflection describes the file of a name or a symbol', async (t) => {
  const SYMBOLS = ['token.TokenService', 'token.TokenService.ReadToken', 'token.ReadTokenRequest']
  await withClient(async (client) => {
    const file = await reflect(client, 'v1', FILE_BY_FILENAME, 'token.proto')
    t.true(file.includes('UpdateTokenResponse') && file.includes('silence_read'))
    for (const symbol of SYMBOLS) {
      const response = await reflect(client, 'v1', FILE_CONTAINING_SYMBOL, symbol)
      t.true(response.includes('UpdateTokenResponse') && response.includes('silence_read'))
    }
    t.true(
      (await reflect(client, 'v1', FILE_CONTAINING_SYMBOL, 'crudjt.batch.Kind')).includes('STATS'),
    )
  })
})

test.serial('reflection answers an unknown symbol with NOT_FOUND, and goes on', async (t) => {
  await withClient(async (client) => {
    const response = await reflect(client, 'v1', FILE_CONTAINING_SYMBOL, 'token.Nothing')
    t.true(response.includes(Buffer.from([8, status.NOT_FOUND])))
    t.true((await reflect(client, 'v1', LIST_SERVICES, '')).includes('token.TokenService'))
  })
})

test.serial('reflection needs the access key', async (t) => {
  await withClient(async (client) => {
    for (const version of ['v1', 'v1alpha']) {
      const refused = reflect(client, version, LIST_SERVICES, '', 'another-key')
      t.is((await t.throwsAsync<ServiceError>(refused)).code, status.UNAUTHENTICATED)
    }
    const missing = openReflection(client, 'v1', undefined)
    const error = await new Promise<ServiceError>((resolve) => missing.once('error', resolve))
    t.is(error.code, status.UNAUTHENTICATED)
    t.is(error.metadata.get('crudjt-code')[0], 'ERR_CRUDJT_UNAUTHENTICATED')
  })
})

test.serial('reflection refuses long requests and a fifth stream, and goes on', async (t) => {
  await withClient(async (client) => {
    const long = openReflection(client, 'v1', ACCESS_KEY)
    long.end(Buffer.concat([Buffer.from([FILE_BY_FILENAME * 8 + 2, 0x80, 8]), Buffer.alloc(1024)]))
    const tooLong = await new Promise<ServiceError>((resolve) => long.once('error', resolve))
    t.is(tooLong.code, status.INTERNAL)

    const streams = Array.from({ length: 5 }, () => openReflection(client, 'v1', ACCESS_KEY))
    const fifth = streams.at(-1) as (typeof streams)[number]
    const tooMany = await new Promise<ServiceError>((resolve) => fifth.once('error', resolve))
    t.is(tooMany.code, status.UNAVAILABLE)
    for (const stream of streams) stream.on('error', () => {}).cancel()
    const list = () => reflect(client, 'v1', LIST_SERVICES, '').catch(() => undefined)
    let response = await list()
    while (response === undefined) response = await list()
    t.true(response.includes('token.TokenService'))
  })
})
