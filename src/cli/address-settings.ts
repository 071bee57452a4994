/** Where the server is: the same settings for the one that listens and for the one that asks. */
import { DEFAULT_ADDRESS } from '../options.js'

/** Host and port. The variables with DOCKER in their names are those of the container. */
export const ADDRESS = {
  grpc_host: {
    option: 'host',
    takes: 'HOST',
    env: ['CRUDJT_HOST', 'CRUDJT_DOCKER_HOST'],
    help: `A host, or unix: and the path of a socket. Default: ${DEFAULT_ADDRESS.grpc_host}.`,
  },
  grpc_port: {
    option: 'port',
    takes: 'PORT',
    env: ['CRUDJT_PORT', 'CRUDJT_DOCKER_PORT'],
    help: `Default: ${DEFAULT_ADDRESS.grpc_port}.`,
  },
} as const
