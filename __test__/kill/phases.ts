/** What a process is doing when it is killed: told by its lines, and by the files it leaves. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** What a kill can meet, each of which is forced to happen. */
export const PHASES = [
  'opening',
  'recovering',
  'working',
  'rotating',
  'checkpointing',
  'sweeping',
  'closing',
] as const
/** One of them. */
export type Phase = (typeof PHASES)[number]

/** Where `begin` of a segment lies, whose bytes are zero until the segment is used. */
const BEGIN = { offset: 512, length: 24 }

/** Follows one process. */
export class Phases {
  private readonly wasKilled: boolean
  private readonly entered = new Map<string, number>()
  private readonly took: (phase: string, milliseconds: number) => void
  private began: number | undefined
  private newest: number | undefined
  /** Expired records that its sweeps have removed. */
  swept = 0

  /**
   * @param wasKilled whether the store's last owner was
   * @param took gets told how long a phase lasted
   */
  constructor(wasKilled: boolean, took: (phase: string, milliseconds: number) => void) {
    this.wasKilled = wasKilled
    this.took = took
  }

  /** How its opening counts. */
  get opening(): Phase {
    return this.wasKilled ? 'recovering' : 'opening'
  }

  /** Takes a line. */
  hear(line: string): void {
    const [verb, name = '', count] = line.split(' ')
    if (verb === 'opening') this.began = performance.now()
    else if (verb === 'open') this.open(Number(name))
    else if (verb === 'enter') this.entered.set(name, performance.now())
    else if (verb === 'leave') this.leave(name, Number(count))
  }

  /** What it was doing when it was killed, in a folder that nobody has touched since. */
  atDeath(folder: string): Phase[] {
    if (this.began === undefined) return []
    if (this.newest === undefined) return [this.opening]
    const met = PHASES.filter((phase) => this.entered.has(phase))
    // A checkpoint that is asked for rotates too: what counts is one that was needed for room.
    const isForRoom = !met.includes('checkpointing') && !met.includes('closing')
    if (isForRoom && isRotating(folder, this.newest)) met.push('rotating')
    return met.length === 0 ? ['working'] : met
  }

  private open(newest: number): void {
    this.newest = newest
    this.took(this.opening, performance.now() - (this.began ?? 0))
  }

  private leave(name: string, count: number): void {
    this.took(name, performance.now() - (this.entered.get(name) ?? 0))
    this.entered.delete(name)
    if (name === 'sweeping') this.swept += count
  }
}

/**
 * Whether the journal has gone on to its newest segment since it had this one, and the spare one that
 * belongs to a rotation is not there yet.
 */
function isRotating(folder: string, before: number): boolean {
  const names = readdirSync(folder).filter((name) => /^journal-[0-9a-f]{16}$/.test(name))
  const newest = names.sort().at(-1)
  if (newest === undefined) return false
  const number = Number.parseInt(newest.slice('journal-'.length), 16)
  return number > before && isBegun(join(folder, newest))
}

function isBegun(segment: string): boolean {
  const bytes = Buffer.alloc(BEGIN.length)
  const file = openSync(segment, 'r')
  readSync(file, bytes, 0, BEGIN.length, BEGIN.offset)
  closeSync(file)
  return bytes.some((byte) => byte !== 0)
}
