/**
 * The login service: log in, see a page, change role, hand out a link that works three times, log out.
 * A session is a crudjt token in a cookie; so is a link, in its path. Each reply tells in `server-timing`
 * how long the store took.
 */
import CRUDJT from 'crudjt'
import Fastify from 'fastify'
import { newSession } from './accounts.mjs'
import { clearToken, setToken, tokenOf } from './session-cookie.mjs'

const SESSION_SECONDS = 3600
const LINK = { ttl: 600, silence_read: 3 }

const texts = (...names) => ({
  body: {
    type: 'object',
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  },
})

/** @returns {import('fastify').FastifyInstance} not yet listening; the store must be open before it does */
export function buildApp() {
  const app = Fastify()
  app.post('/login', { schema: texts('user', 'password', 'device') }, login)
  app.get('/page', page)
  app.post('/role', { schema: texts('role') }, changeRole)
  app.post('/links', makeLink)
  app.get('/links/:token', followLink)
  app.post('/logout', logout)
  return app
}

async function login({ body }, reply) {
  const session = newSession(body.user, body.password, body.device)
  if (!session) return reply.code(403).send({ error: 'wrong user or password' })
  const token = await timed(reply, () => CRUDJT.create(session, { ttl: SESSION_SECONDS }))
  setToken(reply, token)
  return { session }
}

async function page(request, reply) {
  const session = await timed(reply, () => sessionOf(request))
  return session ? { session } : notLoggedIn(reply)
}

async function changeRole(request, reply) {
  const session = await timed(reply, async () => {
    const old = await sessionOf(request)
    const changed = old && { ...old, role: request.body.role }
    return changed && (await CRUDJT.update(tokenOf(request), changed, { keep: true }))
      ? changed
      : null
  })
  return session ? { session } : notLoggedIn(reply)
}

async function makeLink(request, reply) {
  const link = await timed(reply, async () => {
    const session = await sessionOf(request)
    return session && CRUDJT.create({ document: '/documents/17', sharedFrom: session.device }, LINK)
  })
  return link ? { link } : notLoggedIn(reply)
}

async function followLink({ params }, reply) {
  const found = await timed(reply, () => CRUDJT.read(params.token))
  if (!found) return reply.code(410).send({ error: 'this link is used up' })
  return { document: found.data.document, left: found.metadata.silence_read }
}

async function logout(request, reply) {
  const token = tokenOf(request)
  const wasLoggedIn = await timed(reply, () => token && CRUDJT.delete(token))
  clearToken(reply)
  return wasLoggedIn ? reply.code(204).send() : notLoggedIn(reply)
}

async function sessionOf(request) {
  const token = tokenOf(request)
  return token ? ((await CRUDJT.read(token))?.data ?? null) : null
}

const notLoggedIn = (reply) => reply.code(401).send({ error: 'not logged in' })

async function timed(reply, work) {
  const start = performance.now()
  const result = await work()
  reply.header('server-timing', `store;dur=${(performance.now() - start).toFixed(4)}`)
  return result
}
