/**
 * What promises and `…Sync` calls have in common: one attempt at a read or a delete, between the
 * engine and the memo. BUSY is passed on: nothing was done.
 */
import type { Engine } from './engine.js'
import type { Memo } from './memo.js'
import * as native from './native.js'
import * as scratch from './scratch.js'
import type { Session } from './session.js'
import * as sessions from './session.js'

// Constants of this module are built into the machine code; those of another one are looked up
// in its exports each time.
const { BUSY, UNCHANGED } = native
const { ensureFree, header, READS_LEFT, VERSION } = scratch
const { keptData, sessionOf } = sessions

/** An engine with a memo of what was read from it. */
export class Core {
  readonly engine: Engine
  readonly memo: Memo

  constructor(engine: Engine, memo: Memo) {
    this.engine = engine
    this.memo = memo
  }

  /** One attempt to read a checked token. */
  read(token: string): Session | null | typeof BUSY {
    ensureFree()
    const remembered = this.memo.get(token)
    if (remembered === undefined) return this.readNew(token)
    const length = this.engine.read(token, remembered.version)
    if (length === UNCHANGED) return sessionOf(remembered.kept)
    if (length >= 0) return this.decode(token, length)
    if (length === BUSY) return BUSY
    this.memo.delete(token)
    return null
  }

  private readNew(token: string): Session | null | typeof BUSY {
    const length = this.engine.read(token, 0)
    if (length >= 0) return this.decode(token, length)
    return length === BUSY ? BUSY : null
  }

  private decode(token: string, length: number): Session {
    const kept = keptData(length)
    const isCounted = (header[READS_LEFT] as number) >= 0
    if (!isCounted) this.memo.set(token, header[VERSION] as number, kept, length)
    return sessionOf(kept)
  }

  /** One attempt to delete a checked token. */
  remove(token: string): boolean | typeof BUSY {
    ensureFree()
    const answer = this.engine.remove(token)
    if (answer === BUSY) return BUSY
    this.memo.delete(token)
    return answer === 1
  }
}
