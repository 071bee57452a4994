/** The client side of a bidirectional gRPC stream over an HTTP/2 session. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import { type CallEnd, callEndOf } from './grpc-call.js'
import { FrameReader } from './grpc-frame.js'

/** The events of a stream. */
export interface StreamListener {
  /** A message has arrived; the listener may keep it. Throws if it is malformed. */
  message(message: Buffer): void
  /** A malformed message or frame has arrived: nothing after it can be trusted. */
  malformed(): void
  /** The stream has ended; called once. */
  ended(end: CallEnd): void
}

/** One stream. */
export class GrpcStream {
  private readonly stream: ClientHttp2Stream
  private readonly frames = new FrameReader()
  private readonly headers: IncomingHttpHeaders = {}

  /** @throws if the session no longer accepts requests */
  constructor(session: ClientHttp2Session, headers: OutgoingHttpHeaders, listener: StreamListener) {
    const stream = session.request(headers, { endStream: false })
    stream.on('response', (headers) => Object.assign(this.headers, headers))
    stream.on('trailers', (trailers) => Object.assign(this.headers, trailers))
    stream.on('data', (chunk: Buffer) => {
      if (!this.read(chunk, listener)) listener.malformed()
    })
    // The close event reports what arrived and with which code the stream ended.
    stream.on('error', () => {})
    // The master has ended its side: a stream closes when both sides have ended.
    stream.once('end', () => stream.end())
    stream.once('close', () => listener.ended(callEndOf(this.headers, stream.rstCode)))
    this.stream = stream
  }

  /** Sends a frame. */
  send(frame: Buffer): void {
    this.stream.write(frame)
  }

  /** Ends the stream gracefully. */
  end(): void {
    this.stream.end()
  }

  /** Resets the stream. */
  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL)
  }

  private read(chunk: Buffer, listener: StreamListener): boolean {
    try {
      return this.frames.read(chunk, listener.message)
    } catch {
      return false
    }
  }
}
