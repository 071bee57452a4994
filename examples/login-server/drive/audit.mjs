/**
 * Run as a process of its own: opens the store that the service left behind, reads every token that the
 * log names, and holds what it finds against the log. Each link is followed until it says no. Knows nothing
 * but the folder it is given:  node audit.mjs FOLDER   Prints one line of JSON.
 */
import CRUDJT from 'crudjt'
import { logPath } from '../folder.mjs'
import { openStore } from '../store.mjs'
import { Ledger } from './ledger.mjs'
import { readLog } from './log.mjs'

const [folder] = process.argv.slice(2)

const ledger = new Ledger()
for (const entry of readLog(logPath(folder))) ledger.take(entry)
ledger.faults.length = 0 // those of the log itself are the driver's to tell

await openStore(folder)
let loggedIn = 0
for (const token of ledger.sessions.keys()) if (await auditSession(token)) loggedIn += 1
for (const token of ledger.links.keys()) await auditLink(token)
await CRUDJT.Config.shutdownServer()

const { sessions, links, faults } = ledger
console.log(JSON.stringify({ sessions: sessions.size, loggedIn, links: links.size, faults }))

async function auditSession(token) {
  const found = await CRUDJT.read(token)
  const session = found && JSON.parse(JSON.stringify(found.data)) // the log holds what JSON carries
  ledger.take({ call: 'page', token, status: found ? 200 : 401, session })
  return found !== null
}

async function auditLink(token) {
  let found
  do {
    found = await CRUDJT.read(token)
    ledger.take({
      call: 'visit',
      token,
      status: found ? 200 : 410,
      left: found?.metadata.silence_read,
    })
  } while (found)
}
