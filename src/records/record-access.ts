/**
 * What promises and `…Sync` calls have in common: one attempt at a read or a delete, between the
 * engine and the memo. BUSY is passed on: nothing was done.
 */

import type { Engine } from '../engine/engine.js'
import { BUSY, KEPT, NO_SLOT, NO_SLOT_HIGH, STRANGER_LOW, UNCHANGED } from '../engine/native.js'
import { ensureFree, header, READS_LEFT, SLOT_HIGH, SLOT_LOW, words } from '../engine/scratch.js'
import { decodedBytes, decodeMap } from '../msgpack/decode.js'
import { bringToFront, lastImage } from '../msgpack/encode.js'
import type { Shape } from '../msgpack/shapes/index.js'
import type { DecodedCache } from './decoded-cache.js'
import type { Session } from './session.js'
import { sessionWith } from './session.js'

/** The values of the record that is being read; for V8 the same kind of array as the memo's rows. */
const values: unknown[] = new Array(64).fill(undefined)

/** Where the record that was read is kept. */
const slotLow = () => words[SLOT_LOW] as number
const slotHigh = () => words[SLOT_HIGH] as number

/** An engine with a memo of what was read from it. */
export class RecordAccess {
  readonly engine: Engine
  readonly memo: DecodedCache

  constructor(engine: Engine, memo: DecodedCache) {
    this.engine = engine
    this.memo = memo
  }

  /** One attempt to read a checked token. */
  read(token: string): Session | null | typeof BUSY {
    ensureFree()
    const answer = this.engine.read(token)
    if (answer <= KEPT) return { data: this.recall(KEPT - answer, 0) }
    if (answer === UNCHANGED) return sessionWith(this.recall(slotLow(), slotHigh()))
    if (answer >= 0) return this.decode(answer)
    return answer === BUSY ? BUSY : null
  }

  private recall(low: number, high: number): Record<string, unknown> {
    return this.memo.data(low, high)
  }

  private decode(length: number): Session {
    const shape = decodeMap(length, values, 0)
    const isCounted = (header[READS_LEFT] as number) >= 0
    if (!isCounted) this.keep(shape, slotLow(), slotHigh())
    return sessionWith(shape.build(values, 0))
  }

  /** A token that is read for the first time is not kept: it may be one of a great many. */
  private keep(shape: Shape, low: number, high: number): void {
    const isNew = high === NO_SLOT_HIGH
    if (isNew && low === STRANGER_LOW) return
    const { memo } = this
    const slot = isNew
      ? memo.add(shape, values, decodedBytes())
      : memo.replace(low, high, shape, values, decodedBytes())
    if (slot !== NO_SLOT) this.engine.keep(slot)
  }

  /**
   * Remembers what was just packed and created in the slot that was reserved for it, and still lies
   * in the scratch buffer: new tokens are read soon.
   */
  remember(length: number): void {
    const { memo } = this
    const image = lastImage()
    if (image !== undefined) {
      memo.fillFrom(image)
      return
    }
    bringToFront(length)
    const shape = decodeMap(length, values, 0)
    memo.fill(shape, values, decodedBytes())
  }

  /**
   * One attempt to delete a checked token. What the memo has of it stays until its row is dropped:
   * the engine will never again say that it is true.
   */
  remove(token: string): boolean | typeof BUSY {
    ensureFree()
    const answer = this.engine.remove(token)
    return answer === BUSY ? BUSY : answer === 1
  }
}
