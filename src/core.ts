/**
 * What promises and `…Sync` calls have in common: one attempt at a read or a delete, between the
 * engine and the memo. BUSY is passed on: nothing was done.
 */
import * as decoder from './decode.js'
import { Doorkeeper } from './doorkeeper.js'
import type { Engine } from './engine.js'
import type { Memo } from './memo.js'
import * as native from './native.js'
import * as scratch from './scratch.js'
import type { Session } from './session.js'
import * as sessions from './session.js'
import type { Shape } from './shapes.js'

// Constants of this module are built into the machine code; those of another one are looked up
// in its exports each time.
const { BUSY, FIRST_VERSION, UNCHANGED } = native
const { ensureFree, header, READS_LEFT, VERSION } = scratch
const { decodedBytes } = decoder
const { keptData, sessionOf } = sessions

/** An engine with a memo of what was read from it. */
export class Core {
  readonly engine: Engine
  readonly memo: Memo
  private readonly doorkeeper = new Doorkeeper()

  constructor(engine: Engine, memo: Memo) {
    this.engine = engine
    this.memo = memo
  }

  /** One attempt to read a checked token. */
  read(token: string): Session | null | typeof BUSY {
    ensureFree()
    const { memo } = this
    const isKnown = memo.find(token)
    const length = this.engine.read(token, isKnown ? memo.version : 0)
    if (length === UNCHANGED) return sessionOf(memo.shape as Shape, memo.row, memo.from)
    if (length >= 0) return this.decode(token, length, isKnown)
    if (length === BUSY) return BUSY
    if (isKnown) memo.delete(token)
    return null
  }

  private decode(token: string, length: number, isKnown: boolean): Session {
    const kept = keptData(length)
    const isCounted = (header[READS_LEFT] as number) >= 0
    if (!isCounted && (isKnown || (this.doorkeeper.knows(token) && this.memo.admits()))) {
      this.memo.set(token, header[VERSION] as number, kept.shape, kept.values, decodedBytes())
    }
    return sessionOf(kept.shape, kept.values, 0)
  }

  /**
   * Remembers what was just created and still lies in the scratch buffer: new tokens are read soon.
   * Takes 0.7 µs of a create and spares 0.9 µs of the first read; little of either once the memo is
   * full, when most newcomers are turned away.
   */
  remember(token: string, length: number): void {
    if (!this.memo.admits()) return
    const { shape, values } = keptData(length)
    this.memo.add(token, FIRST_VERSION, shape, values, decodedBytes())
  }

  /**
   * One attempt to delete a checked token. What the memo has of it stays until its row is dropped:
   * the engine will never again say that it is true, and taking it out costs as much as the delete.
   */
  remove(token: string): boolean | typeof BUSY {
    ensureFree()
    const answer = this.engine.remove(token)
    return answer === BUSY ? BUSY : answer === 1
  }
}
