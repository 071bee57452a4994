/** A stream of messages to a master, by whatever transport. */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Transport } from '../../engine/stats.js'
import { BATCH_METHOD } from '../wire/batch-messages.js'
import type { Link } from './connection.js'
import { writeFrameHeader } from './grpc-frame.js'
import { type CallEnd, openStream, requestHeaders } from './grpc-stream.js'

/** A stream of messages. */
export interface MessageStream {
  readonly transport: Transport
  /** Sends a message, which begins at `start`; five bytes before it are free. */
  send(bytes: Buffer, start: number): void
  /** Ends the stream: what was sent still reaches the master. */
  end(): void
  /** Ends the stream at once. */
  cancel(): void
  /** Ends its connection, which may be unusable, at once. */
  abandon(): void
  /** Lets the stream keep the process alive. */
  ref(): void
  /** Lets it not. */
  unref(): void
}

/** What hears of a stream. */
export interface MessageListener {
  /** A message has arrived. Throws if it is malformed. */
  message(message: Buffer): void
  /** The stream has ended; called once. @param end how, as gRPC tells it */
  ended(end?: CallEnd): void
}

/** The batch stream of gRPC on an HTTP/2 session, whose connection keeps the process alive or not. */
export class GrpcMessageStream implements MessageStream {
  readonly transport = 'grpc'
  private readonly stream: ClientHttp2Stream

  /** @throws if the session no longer accepts requests */
  constructor(
    private readonly link: Link,
    readonly session: ClientHttp2Session,
    listener: MessageListener,
  ) {
    this.stream = openStream(session, requestHeaders(BATCH_METHOD, link), {
      message: listener.message,
      // The connection may be out of step for good; another one allows retransmission.
      malformed: () => this.abandon(),
      ended: listener.ended,
    })
  }

  send(bytes: Buffer): void {
    this.stream.write(writeFrameHeader(bytes))
  }

  end(): void {
    this.stream.end()
  }

  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL)
  }

  abandon(): void {
    this.link.connection.abandon(this.session)
  }

  ref(): void {}

  unref(): void {}
}
