/** The session token's cookie: reading it from a request, setting and clearing it on a reply. */
const NAME = 'session'
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Lax' // behind TLS, add Secure

/** @returns {string | undefined} the token, undefined without one */
export function tokenOf(request) {
  const pairs = (request.headers.cookie ?? '').split('; ')
  const token = pairs.find((pair) => pair.startsWith(`${NAME}=`))?.slice(NAME.length + 1)
  return token || undefined
}

export const setToken = (reply, token) =>
  reply.header('set-cookie', `${NAME}=${token}; ${ATTRIBUTES}`)
export const clearToken = (reply) =>
  reply.header('set-cookie', `${NAME}=; ${ATTRIBUTES}; Max-Age=0`)
