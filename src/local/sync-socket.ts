/** Finds the local socket of a master and connects to it, without an event loop. */
import { connectCaller, type NativeCaller } from '../engine/native.js'
import { mayUse } from './local-stream.js'
import { clientPathsSync, type LocalOption, type Place } from './socket-path.js'

/** Whether a client at a place can have a local socket at all. */
export function canBeLocal(place: Place, option: LocalOption): boolean {
  return connectCaller !== undefined && clientPathsSync(place, option).length > 0
}

/**
 * Connects to the local socket of a master.
 * @param timeout milliseconds that each of its calls may block
 * @returns undefined if there is no socket, nobody listens, or it is not to be trusted
 */
export function connectSync(
  place: Place,
  option: LocalOption,
  timeout: number,
): NativeCaller | undefined {
  for (const path of clientPathsSync(place, option).filter(mayUse)) {
    const caller = connectCaller?.(path, timeout) ?? undefined
    if (caller !== undefined) return caller
  }
  return undefined
}
