/** The local socket of a master. Threads of the engine serve it. */
import { unwrap } from '../engine/engine.js'
import type { NativeSessions } from '../engine/native.js'
import { fromEngine } from '../errors.js'
import { createPrivately, longestPath } from './private-socket.js'
import { folderProblem, makeFolder } from './run-folder.js'
import { type LocalOption, masterSocket, type Place, socketPathProblem } from './socket-path.js'

/** A listening local socket. */
export interface LocalListening {
  /** Accepts no more connections, and removes the socket; open connections continue. */
  stop(): void
  /** Sends all clients their last replies, once the sessions were halted, and ends the connections. */
  close(): Promise<void>
}

/** What keeps a master that was not told about a local socket from having one, and is no fault. */
const NO_PLACE: ReadonlySet<unknown> = new Set(['EACCES', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'])

/**
 * Listens on the local socket of a master.
 * @param place what the master listens on
 * @param shelfSize the bytes of the shelf for its clients; 0: none
 * @returns undefined if it has none by the option, or by the system
 * @throws if it can have none though it should
 */
export async function listenLocal(
  sessions: NativeSessions,
  place: Place,
  option: LocalOption,
  shelfSize: number,
): Promise<LocalListening | undefined> {
  if (option === false || process.platform === 'win32') return undefined
  if (option !== undefined) return bind(sessions, option, shelfSize)
  const socket = masterSocket(place)
  if (socket === undefined) return undefined
  try {
    if (socket.folder !== undefined) prepare(socket.folder)
    return await bind(sessions, socket.path, shelfSize)
  } catch (error) {
    if (NO_PLACE.has((error as NodeJS.ErrnoException).code)) return undefined
    throw error
  }
}

function prepare(folder: string): void {
  makeFolder(folder)
  const problem = folderProblem(folder)
  if (problem !== undefined) throw new Error(`the folder ${folder} ${problem}`)
}

async function bind(
  sessions: NativeSessions,
  path: string,
  shelfSize: number,
): Promise<LocalListening> {
  const problem = socketPathProblem(longestPath(path))
  if (problem !== undefined) throw new Error(problem)
  let listener: ReturnType<NativeSessions['listenLocal']> | undefined
  const remove = await createPrivately(path, async (created) => {
    try {
      listener = sessions.listenLocal(created, shelfSize)
    } catch (error) {
      throw fromEngine(error)
    }
  })
  return {
    stop() {
      remove()
      listener?.stop()
    },
    async close() {
      const closed = await listener?.close()
      if (closed !== undefined) unwrap(closed)
    },
  }
}
