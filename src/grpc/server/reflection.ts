/**
 * The standard reflection service of `proto/grpc/reflection.proto`, for tools such as grpcurl. It needs
 * the access key, if there is one.
 *
 * Invariants: no file that is described imports another or extends a message, so the descriptor of one
 * file is a complete answer; of a client that does not read its responses, some KiB are buffered.
 */
import { type Duplex, Transform } from 'node:stream'
import type {
  MethodDefinition,
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { AnyDefinition, MessageTypeDefinition } from '@grpc/proto-loader'
import { typeError } from '../../errors.js'
import { loadProto } from '../wire/grpc-js.js'
import { Status } from '../wire/status.js'
import { readFirst } from '../wire/token-messages.js'
import { checkServing, failStream, type RequestGuard } from './request-guard.js'
import { StreamLimit } from './stream-limit.js'

/** The longest request: responses repeat it, and grpc-js buffers some of both. Names are short. */
const MAX_REQUEST_BYTES = 1024

/** A ServerReflectionRequest; `messageRequest` names the field that is set. */
interface ReflectionRequest {
  host: string
  messageRequest?: string
  fileByFilename?: string
  fileContainingSymbol?: string
}

type ReflectionStream = ServerDuplexStream<ReflectionRequest, object>

/** The reflection service of one master. */
export class Reflection {
  /** The service under the names that clients ask for; the messages of both versions are the same. */
  readonly services: ServiceDefinition[]
  private readonly descriptors = new Descriptors()
  private readonly streams = new StreamLimit('reflection')

  /** Loads the `.proto` files. */
  constructor(private readonly guard: RequestGuard) {
    const path = require.resolve('#proto/grpc/reflection.proto')
    const proto = loadProto(path, { oneofs: true })
    const service = proto['grpc.reflection.v1.ServerReflection'] as ServiceDefinition
    const method = service.ServerReflectionInfo as MethodDefinition<object, object>
    this.services = ['v1', 'v1alpha'].map((version) => ({
      ServerReflectionInfo: {
        ...method,
        path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        requestDeserialize: (message: Buffer) => method.requestDeserialize(checkSize(message)),
      },
    }))
    this.descriptors.add(require.resolve('#proto/token.proto'))
    this.descriptors.add(require.resolve('#proto/batch.proto'))
  }

  /** The methods of the service. */
  get methods(): UntypedServiceImplementation {
    return { ServerReflectionInfo: (stream: ReflectionStream) => this.accept(stream) }
  }

  private accept(stream: ReflectionStream): void {
    try {
      checkServing(this.guard)
      this.streams.add(stream)
    } catch (error) {
      failStream(stream, error)
      return
    }
    const responses = new Transform({
      objectMode: true,
      highWaterMark: 1,
      transform: (request, _encoding, done) => done(null, respond(this.descriptors, request)),
    })
    stream.pipe(responses).pipe(stream as unknown as Duplex)
  }
}

function checkSize(message: Buffer): Buffer {
  if (message.length <= MAX_REQUEST_BYTES) return message
  throw typeError('ERR_CRUDJT_DATA', `A request can have at most ${MAX_REQUEST_BYTES} bytes`)
}

/** What can be asked for. */
class Descriptors {
  /** The full names of the services. */
  readonly services: string[] = []
  /** The FileDescriptorProtos, by the names of the files and of the symbols in them. */
  readonly files = new Map<string, Buffer>()

  /** Adds a `.proto` file. */
  add(path: string): void {
    const definitions = loadProto(path, { keepCase: true })
    const file = Object.values(definitions).find(isType)?.fileDescriptorProtos[0] as Buffer
    this.files.set(readFirst(file).toString(), file)
    for (const [symbol, definition] of Object.entries(definitions)) {
      this.files.set(symbol, file)
      if (isType(definition)) continue
      this.services.push(symbol)
      for (const method of Object.keys(definition)) this.files.set(`${symbol}.${method}`, file)
    }
  }
}

type Type = MessageTypeDefinition<object, object>

/** Tells a message or an enum from a service. */
function isType(definition: AnyDefinition): definition is Type {
  return Array.isArray(definition.fileDescriptorProtos)
}

function respond(descriptors: Descriptors, request: ReflectionRequest): object {
  return { validHost: request.host, originalRequest: request, ...answer(descriptors, request) }
}

function answer({ services, files }: Descriptors, request: ReflectionRequest): object {
  switch (request.messageRequest) {
    case 'listServices':
      return { listServicesResponse: { service: services.map((name) => ({ name })) } }
    case 'fileByFilename':
    case 'fileContainingSymbol':
      return fileResponse(files.get(request[request.messageRequest] as string))
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return errorResponse(Status.NOT_FOUND, 'No message has extensions')
    default:
      return errorResponse(Status.UNIMPLEMENTED, 'Unknown request')
  }
}

function fileResponse(file: Buffer | undefined): object {
  if (file === undefined) return errorResponse(Status.NOT_FOUND, 'No file has that name or symbol')
  return { fileDescriptorResponse: { fileDescriptorProto: [file] } }
}

function errorResponse(errorCode: number, errorMessage: string): object {
  return { errorResponse: { errorCode, errorMessage } }
}
