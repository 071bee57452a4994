/** Servers of a test's own. */
import type { AddressInfo, Server } from 'node:net'

/** The port on which something begins to listen. */
export async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
