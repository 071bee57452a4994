/** How a program is told of what happens outside of any call, if it does not listen itself. */
import type { StoreEvent } from './store-options.js'

/** Makes it a warning of the process. */
export function warn({ code, message }: StoreEvent): void {
  process.emitWarning(message, { type: 'CRUDJTWarning', code })
}
