/** The session cookie, which holds the token. */
const NAME = 'session'
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Lax' // add Secure behind TLS

/** @returns {string | undefined} the token of a request */
export function sessionToken(request) {
  const cookies = (request.headers.cookie ?? '').split('; ')
  const cookie = cookies.find((cookie) => cookie.startsWith(`${NAME}=`))
  return cookie?.slice(NAME.length + 1) || undefined
}

export const setSessionCookie = (reply, token) =>
  reply.header('set-cookie', `${NAME}=${token}; ${ATTRIBUTES}`)

export const clearSessionCookie = (reply) =>
  reply.header('set-cookie', `${NAME}=; ${ATTRIBUTES}; Max-Age=0`)
