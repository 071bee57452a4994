/** A batch stream whose messages a test makes as it likes. */
import { randomBytes } from 'node:crypto'
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js'
import type { At } from './masters.js'
import { packageOf } from './raw-client.js'

interface Method {
  path: string
  requestSerialize(message: object): Buffer
  responseDeserialize(bytes: Buffer): object
}
const { Exchange } = packageOf('batch.proto')['crudjt.batch.Batch'] as unknown as {
  Exchange: Method
}

/** What a master sends. */
export interface Heard {
  challenge: { nonce: Buffer } | null
  welcome: { version: number; master: Buffer; resumed: boolean; max_data_size: number } | null
  replies: {
    number: string
    token: string
    result: boolean
    packed_data?: Buffer
    error: { code: string; text: string } | null
  }[]
  goodbye: { taken: string } | null
  taken: string
}

/** An open stream. */
export class RawStream {
  readonly stream: ClientDuplexStream<Buffer, Heard>
  /** Resolves to the status that the stream ends with. */
  readonly ended: Promise<{ code: number; details: string }>
  private readonly client: Client
  private readonly heard: Heard[] = []
  private readonly waiting: ((heard: Heard) => void)[] = []

  /**
   * @param client the connection to use; by default one of its own
   * @param key the header that shows the access key
   */
  constructor({ grpc_host, grpc_port }: At, client?: Client, key?: string) {
    const options = { 'grpc.use_local_subchannel_pool': 1 }
    const insecure = credentials.createInsecure()
    this.client = client ?? new Client(`${grpc_host}:${grpc_port}`, insecure, options)
    const metadata = new Metadata()
    if (key !== undefined) metadata.set('authorization', key)
    this.stream = this.client.makeBidiStreamRequest(
      Exchange.path,
      (message: Buffer) => message,
      (bytes: Buffer) => Exchange.responseDeserialize(bytes) as Heard,
      metadata,
    )
    this.stream.on('error', () => {})
    this.ended = new Promise((resolve) => this.stream.once('status', resolve))
  }

  /** Takes messages from now on; without it none is read. */
  listen(): this {
    this.stream.on('data', (message: Heard) => {
      const next = this.waiting.shift()
      if (next === undefined) this.heard.push(message)
      else next(message)
    })
    return this
  }

  /** A message of protobufjs's making. */
  pack(message: object): Buffer {
    return Exchange.requestSerialize(message)
  }

  /** Sends one. */
  send(message: object): this {
    return this.sendBytes(this.pack(message))
  }

  /** Sends any bytes as a message. */
  sendBytes(message: Buffer): this {
    this.stream.write(message)
    return this
  }

  /** Greets as a client does. */
  greet(client: Buffer = randomBytes(16), version = 1): this {
    return this.send({ hello: { version, client } })
  }

  /** The next message of the master. */
  next(): Promise<Heard> {
    const [first] = this.heard.splice(0, 1)
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  /** Gives the stream up. */
  close(): void {
    this.stream.cancel()
    this.client.close()
  }
}
