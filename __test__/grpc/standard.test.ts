/** The standard gRPC services: health and reflection. */
import { Client, credentials } from '@grpc/grpc-js'
import test from 'ava'
import { CRUDJT } from 'crudjt'
import { service as healthService } from 'grpc-health-check'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'
import type { At } from '../helpers/masters.js'

const { Config } = CRUDJT

/** Runs a test with a client of a master in this process. */
async function withClient(body: (client: Client) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await Config.startMaster({
      secret_key: KEY,
      store_jt_path: folder,
      grpc_port: 0,
      access_key: 'x',
    })
    const { grpc_host, grpc_port } = Config.address() as At
    const client = new Client(`${grpc_host}:${grpc_port}`, credentials.createInsecure())
    await body(client)
    client.close()
    if (Config.wasStarted()) await Config.shutdownServer()
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

test.serial('reflection lists the services', async (t) => {
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const listServices = Buffer.from([0x3a, 0])
  const identity = (message: Buffer) => message
  await withClient(async (client) => {
    const stream = client.makeBidiStreamRequest(path, identity, identity)
    stream.write(listServices)
    const answer = await new Promise<Buffer>((resolve) => stream.once('data', resolve))
    stream.end()
    t.true(answer.includes('token.TokenService'))
  })
})
