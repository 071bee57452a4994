/**
 * Runs in a process of its own: reads every token of the request log from the store that the server left
 * behind, and compares it with the model. Each link is followed until it has expired. Prints one line of
 * JSON.
 *
 *   node audit.mjs FOLDER
 */
import { openStore } from '../store.mjs'
import { Model } from './model.mjs'
import { readRequestLog } from './request-log.mjs'

const [folder] = process.argv.slice(2)

const model = new Model()
for (const entry of readRequestLog(folder)) model.apply(entry)
model.violations.length = 0 // those of the log itself are reported by the drive

const store = await openStore(folder)
let loggedIn = 0
for (const token of model.sessions.keys()) if (await auditSession(token)) loggedIn += 1
for (const token of model.links.keys()) await auditLink(token)
await store.close()

const { sessions, links, violations } = model
console.log(JSON.stringify({ sessions: sessions.size, loggedIn, links: links.size, violations }))

async function auditSession(token) {
  const found = await store.read(token)
  const session = found && JSON.parse(JSON.stringify(found.data)) // as in the log
  model.apply({ call: 'page', token, status: found ? 200 : 401, session })
  return found !== null
}

async function auditLink(token) {
  let found
  do {
    found = await store.read(token)
    const left = found?.metadata.silence_read
    model.apply({ call: 'visit', token, status: found ? 200 : 410, left })
  } while (found)
}
