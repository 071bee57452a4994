/** A unary gRPC call over an HTTP/2 session. */
import {
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { ACCESS_HEADER, bearer } from '../wire/access-key.js'
import { UNIX_PREFIX } from '../wire/address.js'
import { framed, unframed } from './grpc-frame.js'
import type { Link } from './link.js'

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

/** More than any response takes. */
const MAX_RESPONSE_BYTES = 1 << 20

/** The headers of a request, including the access key if there is one. */
export function requestHeaders(
  path: string,
  { address, accessKey }: Pick<Link, 'address' | 'accessKey'>,
  extra: OutgoingHttpHeaders = {},
): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': path,
    ':authority': address.startsWith(UNIX_PREFIX) ? 'localhost' : address,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(accessKey === undefined ? {} : { [ACCESS_HEADER]: bearer(accessKey) }),
    ...extra,
  }
}

/**
 * Makes a call. The promise never rejects.
 * @param signal cancels the call
 */
export function callUnary(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  message: Buffer,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const stream = session.request(headers, { signal })
  const chunks: Buffer[] = []
  let size = 0
  const received: IncomingHttpHeaders = {}
  stream.on('response', (headers) => Object.assign(received, headers))
  stream.on('trailers', (trailers) => Object.assign(received, trailers))
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_RESPONSE_BYTES) stream.close(constants.NGHTTP2_CANCEL)
    else chunks.push(chunk)
  })
  // The close event reports what arrived and with which code the stream ended.
  stream.on('error', () => {})
  stream.end(framed(message))
  return new Promise((resolve) => {
    stream.once('close', () => {
      const message = unframed(Buffer.concat(chunks))
      resolve({ ...callEndOf(received, stream.rstCode), message })
    })
  })
}

/** How a stream ended, from its headers and trailers and its HTTP/2 error code. */
export function callEndOf(headers: IncomingHttpHeaders, rstCode: number): CallEnd {
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
