/**
 * The login service: log in, view a page, change role, share a link that works three times, log out.
 * A session is a token in a cookie; a link is a token in a path.
 */
import Fastify from 'fastify'
import { authenticate } from './accounts.mjs'
import { clearSessionCookie, sessionToken, setSessionCookie } from './session-cookie.mjs'

const SESSION_LIMITS = { ttl: 3600 }
const LINK_LIMITS = { ttl: 600, silence_read: 3 }

/** @param {import('crudjt').Store} store @returns {import('fastify').FastifyInstance} */
export function buildApp(store) {
  const app = Fastify()
  app.register(sessionRoutes, { store })
  app.register(linkRoutes, { store })
  return app
}

async function sessionRoutes(app, { store }) {
  app.post('/login', { schema: body('user', 'password', 'device') }, async (request, reply) => {
    const session = authenticate(request.body)
    if (!session) return reply.code(403).send({ error: 'wrong user or password' })
    setSessionCookie(reply, await store.create(session, SESSION_LIMITS))
    return { session }
  })

  app.get('/page', async (request, reply) => {
    const session = await sessionOf(request, store)
    return session ? { session } : notLoggedIn(reply)
  })

  app.post('/role', { schema: body('role') }, async (request, reply) => {
    const session = await sessionOf(request, store)
    if (!session) return notLoggedIn(reply)
    const changed = { ...session, role: request.body.role }
    const isLoggedIn = await store.update(sessionToken(request), changed, { keep: true })
    return isLoggedIn ? { session: changed } : notLoggedIn(reply)
  })

  app.post('/logout', async (request, reply) => {
    const token = sessionToken(request)
    clearSessionCookie(reply)
    return token && (await store.delete(token)) ? reply.code(204).send() : notLoggedIn(reply)
  })
}

async function linkRoutes(app, { store }) {
  app.post('/links', async (request, reply) => {
    const session = await sessionOf(request, store)
    if (!session) return notLoggedIn(reply)
    const document = { document: '/documents/17', sharedFrom: session.device }
    return { link: await store.create(document, LINK_LIMITS) }
  })

  app.get('/links/:token', async (request, reply) => {
    const link = await store.read(request.params.token)
    if (!link) return reply.code(410).send({ error: 'this link has expired' })
    return { document: link.data.document, left: link.metadata.silence_read }
  })
}

async function sessionOf(request, store) {
  const token = sessionToken(request)
  return token && (await store.read(token))?.data
}

const notLoggedIn = (reply) => reply.code(401).send({ error: 'not logged in' })

const body = (...names) => ({
  body: {
    type: 'object',
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  },
})
