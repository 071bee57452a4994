/** A client's connection to a master whose sessions come and go. */
import { createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { Connection } from '../../build/src/grpc/client/connection.js'

/** A server that answers no request. */
async function startServer(): Promise<Http2Server> {
  const server = createServer().on('stream', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const endpointOf = (server: Http2Server) => ({
  host: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
})
const forever = () => new AbortController().signal

test('checks of a connection leave no listeners', async (t) => {
  const server = await startServer()
  const connection = new Connection(endpointOf(server), 60_000, false)
  const session = await connection.established(forever())
  const before = session?.listenerCount('close')
  for (let i = 0; i < 20; i++) {
    connection.check()
    await new Promise((resolve) => session?.ping(resolve))
    await delay(1)
  }
  t.is(session?.listenerCount('close'), before)
  t.is(connection.current, session)
  connection.close()
  server.close()
})

test('the end of an earlier session does not keep a silent one from being abandoned', async (t) => {
  const server = await startServer()
  const connection = new Connection(endpointOf(server), 500, false)
  const first = await connection.established(forever())
  if (first === undefined) throw new Error('there is no session')
  connection.check()
  await new Promise((resolve) => first.ping(resolve))
  // The open request keeps it from ending.
  first.request().on('error', () => {})
  first.close()
  const second = await connection.established(forever())
  if (second === undefined) throw new Error('there is no session')
  const ended = new Promise((resolve) => second.once('close', resolve))
  second.ping = () => true
  connection.check()
  first.destroy()
  await ended
  t.not(connection.current, second)
  connection.close()
  server.close()
})
