/**
 * The test of the test: spoils one thing between the service's end and the audit, which must then find it.
 * `lost` deletes a live session behind the log's back; `revived` and `link` write into the log a logout and
 * a third use of a link that never happened, so that the store holds what the log says is dead.
 */
import CRUDJT from 'crudjt'
import { openStore } from '../store.mjs'

/** By what is given to --sabotage. */
export const sabotages = {
  async lost({ folder, ledger }) {
    await openStore(folder)
    const deleted = await CRUDJT.delete(liveSession(ledger))
    await CRUDJT.Config.shutdownServer()
    if (!deleted) throw new Error('nothing to spoil: the session was not there')
  },
  revived({ ledger, log }) {
    log.write({ call: 'logout', token: liveSession(ledger), status: 204 })
  },
  link({ ledger, log }) {
    const [token] = firstWhere(ledger.links, ([left]) => left > 0)
    log.write({ call: 'visit', token, status: 200, left: 0 })
  },
}

const liveSession = (ledger) => firstWhere(ledger.sessions, ([session]) => session !== null)[0]

function firstWhere(map, holds) {
  const found = [...map].find(([, states]) => states.length === 1 && holds(states))
  if (!found) throw new Error('nothing to spoil: let the drive run longer')
  return found
}
