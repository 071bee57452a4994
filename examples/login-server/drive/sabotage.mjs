/**
 * Injects one fault between the server's end and the audit, which must detect it. `lost` deletes a live
 * session; `revived` and `link` log a logout and a use of a link that never happened, so that the store
 * holds what the log says is gone.
 */
import { openStore } from '../store.mjs'

/** By the value of --sabotage. */
export const sabotages = {
  async lost({ folder, model }) {
    const store = await openStore(folder)
    const deleted = await store.delete(liveSession(model))
    await store.close()
    if (!deleted) throw new Error('the session to delete was not in the store')
  },
  revived({ model, log }) {
    log.write({ call: 'logout', token: liveSession(model), status: 204 })
  },
  link({ model, log }) {
    const token = find(model.links, ([left]) => left > 0)
    log.write({ call: 'visit', token, status: 200, left: 0 })
  },
}

const liveSession = (model) => find(model.sessions, ([session]) => session !== null)

function find(map, matches) {
  const found = [...map].find(([, states]) => states.length === 1 && matches(states))
  if (!found) throw new Error('no suitable token: run the drive for longer')
  return found[0]
}
