/**
 * The standard reflection service of `proto/grpc/reflection.proto`, for tools such as grpcurl.
 *
 * Invariant: no file that is described imports another or extends a message, so the descriptor of one
 * file is a complete answer.
 */
import { type Duplex, Transform } from 'node:stream'
import type {
  MethodDefinition,
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import {
  type AnyDefinition,
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader'
import { Status } from '../wire/status.js'
import { readFirst } from '../wire/token-messages.js'

/** A ServerReflectionRequest; `messageRequest` names the field that is set. */
interface ReflectionRequest {
  host: string
  messageRequest?: string
  fileByFilename?: string
  fileContainingSymbol?: string
}

const PROTO = loadSync(require.resolve('#proto/grpc/reflection.proto'), { oneofs: true })
const SERVICE = PROTO['grpc.reflection.v1.ServerReflection'] as ServiceDefinition
const METHOD = SERVICE.ServerReflectionInfo as MethodDefinition<object, object>

/** The service under the names that clients ask for; the messages of both versions are the same. */
export const reflectionServices = ['v1', 'v1alpha'].map((version): ServiceDefinition => {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
  return { ServerReflectionInfo: { ...METHOD, path } }
})

/** The methods of the service, which describe the given `.proto` files. */
export function reflectionMethods(paths: string[]): UntypedServiceImplementation {
  const descriptors = new Descriptors(paths)
  return {
    ServerReflectionInfo: (stream: ServerDuplexStream<ReflectionRequest, object>) => {
      const responses = new Transform({
        objectMode: true,
        transform: (request, _encoding, done) => done(null, respond(descriptors, request)),
      })
      stream.pipe(responses).pipe(stream as unknown as Duplex)
    },
  }
}

/** What can be asked for. */
class Descriptors {
  /** The full names of the services. */
  readonly services: string[] = []
  /** The FileDescriptorProtos, by the names of the files and of the symbols in them. */
  readonly files = new Map<string, Buffer>()

  constructor(paths: string[]) {
    for (const path of paths) this.add(loadSync(path, { keepCase: true }))
  }

  private add(definitions: PackageDefinition): void {
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
