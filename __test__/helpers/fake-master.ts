/** A server that has taken a master's place, and writes down all that it is sent. */
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { At } from './masters.js'
import { packageOf } from './raw-client.js'

interface Method {
  requestDeserialize(bytes: Buffer): { hello: object | null; proof: Buffer }
  responseSerialize(message: object): Buffer
}
const { Exchange } = packageOf('batch.proto')['crudjt.batch.Batch'] as unknown as {
  Exchange: Method
}

/** What a fake answers to a message of the batch stream: messages, or the trailers of the end. */
export type Answers = (message: ReturnType<Method['requestDeserialize']>) => {
  send?: object[]
  end?: Record<string, string>
}

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' }

/** A fake that runs. */
export class FakeMaster {
  /** How many messages have come by the batch stream. */
  messages = 0
  private readonly heard: Buffer[] = []
  private readonly sessions = new Set<ServerHttp2Session>()
  private readonly server = createServer()

  constructor(private readonly answers: Answers) {
    this.server.on('session', (session) => this.sessions.add(session))
    this.server.on('stream', (stream, headers) => this.serve(stream, headers))
  }

  /** Listens where a master does. */
  async listen({ grpc_host, grpc_port }: At): Promise<this> {
    const path = grpc_host.startsWith('unix:') ? grpc_host.slice(5) : undefined
    const place = path === undefined ? { host: grpc_host, port: grpc_port } : { path }
    await new Promise<void>((resolve) => this.server.listen(place, resolve))
    return this
  }

  /** Whether it was sent these bytes, in headers or messages. */
  knows(text: string): boolean {
    return Buffer.concat(this.heard).includes(text)
  }

  close(): void {
    for (const session of this.sessions) session.destroy()
    this.server.close()
  }

  private serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    this.heard.push(Buffer.from(JSON.stringify(headers)))
    stream.on('error', () => {})
    stream.respond(HEADERS, { waitForTrailers: true })
    let status: Record<string, string> = { 'grpc-status': '12' }
    stream.on('wantTrailers', () => stream.sendTrailers(status))
    let rest = Buffer.alloc(0)
    const end = (with_status: Record<string, string>) => {
      status = with_status
      stream.end()
    }
    // As long as it is let, a fake serves what it can: the unary methods too.
    if (headers[':path'] !== '/crudjt.batch.Batch/Exchange') {
      stream.on('data', (chunk: Buffer) => this.heard.push(chunk))
      stream.on('end', () => end({ 'grpc-status': '0' }))
      return
    }
    stream.on('data', (chunk: Buffer) => {
      this.heard.push(chunk)
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const length = 5 + rest.readUInt32BE(1)
        const message = Exchange.requestDeserialize(rest.subarray(5, length))
        rest = rest.subarray(length)
        this.messages++
        const answer = this.answers(message)
        for (const sent of answer.send ?? []) stream.write(framed(Exchange.responseSerialize(sent)))
        if (answer.end !== undefined) end(answer.end)
      }
    })
  }
}

function framed(message: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(message.length, 1)
  return Buffer.concat([header, message])
}
