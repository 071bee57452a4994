/** Calls of gRPC over an HTTP/2 session: streams in both directions, and unary calls. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { UNIX_PREFIX } from '../wire/address.js'
import type { Link } from './connection.js'
import { framed, grpcFrameReader } from './grpc-frame.js'

/** How a call or stream ended. */
export interface CallEnd {
  /** The gRPC status; undefined if none arrived. */
  readonly status: number | undefined
  /** The text of the status. */
  readonly text: string
  /** All headers and trailers. */
  readonly headers: IncomingHttpHeaders
  /** Whether the master refused the request unprocessed, so that a retry is safe. */
  readonly isRefused: boolean
}

/** The outcome of a unary call. */
export interface CallOutcome extends CallEnd {
  /** The response; undefined if it did not arrive completely. */
  readonly message: Buffer | undefined
}

/** The events of a stream. */
export interface StreamListener {
  /** A message has arrived; the listener may keep it. Throws if it is malformed. */
  message(message: Buffer): void
  /** A malformed message or frame has arrived: nothing after it can be trusted, or is read. */
  malformed(): void
  /** The stream has ended; called once. */
  ended(end: CallEnd): void
}

/** The headers of a request. The access key is in none: it is proved, not sent. */
export function requestHeaders(path: string, { address }: Link): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': path,
    ':authority': address.startsWith(UNIX_PREFIX) ? 'localhost' : address,
    'content-type': 'application/grpc',
    te: 'trailers',
  }
}

/**
 * Opens a stream, to which frames are written.
 * @param signal cancels the call
 * @throws if the session no longer accepts requests
 */
export function openStream(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  listener: StreamListener,
  signal?: AbortSignal,
): ClientHttp2Stream {
  const stream = session.request(headers, { endStream: false, ...(signal && { signal }) })
  const frames = grpcFrameReader()
  const received: IncomingHttpHeaders = {}
  const read = (chunk: Buffer) => {
    try {
      if (frames.read(chunk, listener.message)) return
    } catch {
      // The listener has refused a message.
    }
    stream.off('data', read)
    listener.malformed()
  }
  stream.on('response', (headers) => Object.assign(received, headers))
  stream.on('trailers', (trailers) => Object.assign(received, trailers))
  stream.on('data', read)
  // The close event reports what arrived and with which code the stream ended.
  stream.on('error', () => {})
  // The master has ended its side: a stream closes when both sides have ended.
  stream.once('end', () => stream.end())
  stream.once('close', () => listener.ended(callEndOf(received, stream.rstCode)))
  return stream
}

/** Makes a unary call. @param signal cancels it */
export async function sendUnary(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  request: Buffer,
  signal: AbortSignal,
): Promise<CallOutcome> {
  let message: Buffer | undefined
  const end = await new Promise<CallEnd>((ended) => {
    const listener: StreamListener = {
      message: (received) => {
        message = received
      },
      malformed: () => {
        message = undefined
      },
      ended,
    }
    openStream(session, headers, listener, signal).end(framed(request))
  })
  return { ...end, message }
}

/** How a stream ended, from its headers and trailers and its HTTP/2 error code. */
function callEndOf(headers: IncomingHttpHeaders, rstCode: number): CallEnd {
  const status = headers['grpc-status']
  return {
    status: typeof status === 'string' && /^\d{1,2}$/.test(status) ? Number(status) : undefined,
    text: textOf(headers['grpc-message']),
    headers,
    isRefused: rstCode === constants.NGHTTP2_REFUSED_STREAM,
  }
}

/** False if the peer answered, but not in gRPC. */
export function isGrpc(headers: IncomingHttpHeaders): boolean {
  if (headers[':status'] === undefined) return true
  return headers['content-type']?.startsWith('application/grpc') === true
}

function textOf(header: unknown): string {
  if (typeof header !== 'string') return ''
  try {
    return decodeURIComponent(header)
  } catch {
    return header
  }
}
