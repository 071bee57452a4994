/** A client's side of one stream of gRPC over an HTTP/2 session: messages out, messages in, an end. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import { FrameReader } from './frame-reader.js'
import { type CallEnd, endingOf } from './grpc-call.js'

/** Who hears of a stream. */
export interface StreamListener {
  /** A message has come. It is the listener's own. Throws if it makes no sense. */
  message(message: Buffer): void
  /** What has come makes no sense: nothing behind it can be trusted. */
  garbled(): void
  /** The stream is over; called once. */
  ended(ending: CallEnd): void
}

/** A stream that is open, or was. */
export class GrpcStream {
  private readonly stream: ClientHttp2Stream
  private readonly frames = new FrameReader()
  private readonly headers: IncomingHttpHeaders = {}

  /** @throws if the session takes no requests any more */
  constructor(session: ClientHttp2Session, headers: OutgoingHttpHeaders, listener: StreamListener) {
    const stream = session.request(headers, { endStream: false })
    stream.on('response', (given) => Object.assign(this.headers, given))
    stream.on('trailers', (given) => Object.assign(this.headers, given))
    stream.on('data', (chunk: Buffer) => this.take(chunk, listener))
    // What is wrong shows in what has arrived when the stream closes.
    stream.on('error', () => {})
    // The master has ended it; a stream is over when both sides have.
    stream.once('end', () => stream.end())
    stream.once('close', () => listener.ended(endingOf(this.headers, stream.rstCode)))
    this.stream = stream
  }

  /** Sends what is already in its frame. */
  send(frame: Buffer): void {
    this.stream.write(frame)
  }

  /** Ends the stream in order. */
  end(): void {
    this.stream.end()
  }

  /** Gives the stream up. */
  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL)
  }

  private take(chunk: Buffer, listener: StreamListener): void {
    if (!this.isUnderstood(chunk, listener)) listener.garbled()
  }

  private isUnderstood(chunk: Buffer, listener: StreamListener): boolean {
    try {
      return this.frames.take(chunk, listener.message)
    } catch {
      return false
    }
  }
}
