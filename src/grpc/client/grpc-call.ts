/** One unary call of gRPC over an HTTP/2 session: a request, and whatever comes of it. */
import {
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { ACCESS_HEADER, bearer } from '../wire/access-key.js'
import { UNIX } from '../wire/address.js'
import type { Link } from './link.js'

/** How a call or stream ended. */
export interface CallEnd {
  /** The status of gRPC; undefined if none arrived. */
  readonly status: number | undefined
  /** Its text. */
  readonly text: string
  /** All headers and trailers. */
  readonly headers: IncomingHttpHeaders
  /** Whether the master certainly has not looked at the request: it may be sent again. */
  readonly isUntouched: boolean
}

/** What came of a call. */
export interface CallOutcome extends CallEnd {
  /** The answer's message; undefined if none arrived whole. */
  readonly message: Buffer | undefined
}

/** More than the largest answer there can be. */
const MOST_BYTES = 1 << 20

/** What stands in front of each message of gRPC: whether it is compressed, and its length. */
export const FRAME_BYTES = 5

/** Headers of a request, with the access key if there is one. */
export function requestHeaders(
  path: string,
  { address, accessKey }: Pick<Link, 'address' | 'accessKey'>,
  extra: OutgoingHttpHeaders = {},
): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': path,
    ':authority': address.startsWith(UNIX) ? 'localhost' : address,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(accessKey === undefined ? {} : { [ACCESS_HEADER]: bearer(accessKey) }),
    ...extra,
  }
}

/** A message in its frame. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  message.copy(frame, FRAME_BYTES)
  return frame
}

/**
 * Makes a call. The promise never rejects.
 * @param signal gives the call up
 */
export function exchange(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  message: Buffer,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const stream = session.request(headers, { signal })
  const chunks: Buffer[] = []
  let received = 0
  const answered: IncomingHttpHeaders = {}
  stream.on('response', (given) => Object.assign(answered, given))
  stream.on('trailers', (given) => Object.assign(answered, given))
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > MOST_BYTES) stream.close(constants.NGHTTP2_CANCEL)
    else chunks.push(chunk)
  })
  // What is wrong shows in what has arrived when the stream closes.
  stream.on('error', () => {})
  stream.end(framed(message))
  return new Promise((resolve) => {
    stream.once('close', () => {
      const message = unframed(Buffer.concat(chunks))
      resolve({ ...endingOf(answered, stream.rstCode), message })
    })
  })
}

/** How a stream ended, by its headers and trailers and the code it was closed with. */
export function endingOf(headers: IncomingHttpHeaders, rstCode: number): CallEnd {
  const status = headers['grpc-status']
  return {
    status: typeof status === 'string' && /^\d{1,2}$/.test(status) ? Number(status) : undefined,
    text: textOf(headers['grpc-message']),
    headers,
    isUntouched: rstCode === constants.NGHTTP2_REFUSED_STREAM,
  }
}

function unframed(frame: Buffer): Buffer | undefined {
  const isWhole = frame.length >= FRAME_BYTES && frame[0] === 0
  if (!isWhole || frame.readUInt32BE(1) !== frame.length - FRAME_BYTES) return undefined
  return frame.subarray(FRAME_BYTES)
}

/** Whether what answered speaks gRPC, or nothing has answered. */
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
