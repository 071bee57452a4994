/** The condition of a served store, as its events tell it: for the health service. */
import type { StoreEvent } from '../../errors.js'

/** The events of damage to what is stored. */
const DAMAGE = [
  'CRUDJT_RECORD_DAMAGED',
  'CRUDJT_BLOCK_DAMAGED',
  'CRUDJT_TREE_DAMAGED',
  'CRUDJT_DAMAGE_KEPT',
]

/** Whether a store takes writes, has space for them, and whether anything in it is damaged. */
export class StoreCondition {
  isWritable = true
  hasSpace = true
  isSound = true
  /** Called after a change. */
  onChange = () => {}

  /** Passes events on, and learns from them. */
  watching(next: (event: StoreEvent) => void): (event: StoreEvent) => void {
    return (event) => {
      this.note(event.code)
      next(event)
    }
  }

  private note(code: string): void {
    if (code === 'CRUDJT_FAILED') this.isWritable = false
    else if (code === 'CRUDJT_DISK_FULL') this.hasSpace = false
    else if (code === 'CRUDJT_DISK_FREED') this.hasSpace = true
    else if (DAMAGE.includes(code)) this.isSound = false
    else return
    this.onChange()
  }
}
