/** A client's stream of messages on the local socket of its master. */
import { lstatSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout } from '../timers.js'
import { completeLocalFrame, localFrameReader } from './local-frames.js'
import { folderProblem, isTrusted, runFolders } from './run-folder.js'
import { clientPaths, type LocalOption, type Place, socketPathProblem } from './socket-path.js'

/** How long `end` waits for the peer, in milliseconds. */
const END_TIMEOUT_MS = 500

/** What hears of a stream. */
export interface LocalListener {
  /** A message has arrived. Throws if it is malformed. */
  message(message: Buffer): void
  /** The stream has ended; called once. */
  ended(): void
}

/** A stream on a connected socket. */
export class LocalStream {
  readonly transport = 'local'
  private readonly frames = localFrameReader()

  constructor(
    private readonly socket: Socket,
    private readonly listener: LocalListener,
  ) {
    socket.on('data', (chunk) => this.read(chunk))
    socket.once('close', () => listener.ended())
  }

  /** Sends a message, which begins at `start`; five bytes before it are free. */
  send(bytes: Buffer, start: number): void {
    this.socket.write(completeLocalFrame(bytes, start))
  }

  /** Ends the stream: what was sent still reaches the master. */
  end(): void {
    this.socket.end()
    setTimeout(() => this.socket.destroy(), END_TIMEOUT_MS).unref()
  }

  /** Ends the stream at once. */
  cancel(): void {
    this.socket.destroy()
  }

  /** The same: the connection is of use to nobody else. */
  abandon(): void {
    this.socket.destroy()
  }

  /** Lets the stream keep the process alive. */
  ref(): void {
    this.socket.ref()
  }

  /** Lets it not. */
  unref(): void {
    this.socket.unref()
  }

  private read(chunk: Buffer): void {
    try {
      if (this.frames.read(chunk, this.listener.message)) return
    } catch {
      // The listener has refused a message.
    }
    // Nothing after it can be trusted.
    this.socket.removeAllListeners('data')
    this.socket.destroy()
  }
}

/** The local socket of a master, as a client looks for it. */
export class LocalSocket {
  constructor(
    private readonly place: Place,
    private readonly option: LocalOption,
  ) {}

  /** Connects; undefined if there is no socket, nobody listens, or it is not to be trusted. */
  async connect(): Promise<Socket | undefined> {
    if (process.platform === 'win32') return undefined
    for (const path of await clientPaths(this.place, this.option)) {
      if (!mayUse(path)) continue
      const socket = await connected(path)
      if (socket !== undefined) return socket
    }
    return undefined
  }
}

/** Whether a client may connect to a path: a socket of this user or of root, in a folder that is no trap. */
export function mayUse(path: string): boolean {
  if (socketPathProblem(path) !== undefined) return false
  try {
    const folder = dirname(path)
    if (runFolders().includes(folder) && folderProblem(folder) !== undefined) return false
    return isTrusted(lstatSync(path))
  } catch {
    return false
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    // The close event reports a connection that is lost.
    socket.on('error', () => resolve(undefined))
    socket.once('connect', () => resolve(socket))
  })
}
