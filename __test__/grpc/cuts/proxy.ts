/**
 * A proxy in front of a master that cuts connections: anywhere, also within a frame, and often
 * after it has let requests through and swallowed the replies to them.
 */
import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net'

/** A random whole number below another. */
const below = (limit: number) => Math.floor(Math.random() * limit)

/** Where one connection is cut: after so many bytes of one direction. */
interface Plan {
  /** Bytes of requests let through. */
  requests: number
  /** Bytes of replies let through; what comes behind them is swallowed. */
  replies: number
  /** Bytes of requests that are still let through once replies are swallowed. */
  afterwards: number
  /** Whether the connection is reset rather than ended. */
  isReset: boolean
}

function newPlan(): Plan {
  const swallows = Math.random() < 0.6
  return {
    requests: swallows ? Number.POSITIVE_INFINITY : 400 + below(60_000),
    replies: 400 + below(swallows ? 12_000 : 1e9),
    afterwards: below(20_000),
    isReset: Math.random() < 0.5,
  }
}

/** A proxy. */
export class CuttingProxy {
  /** How many connections it has cut. */
  cuts = 0
  /** Whether it cuts at all. */
  isCutting = true
  /** The share of connections that it ends at once. */
  refusals = 0
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.server = server
  }

  /** Begins to pass connections on to a port. */
  static async start(port: () => number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(createServer({ noDelay: true }))
    await proxy.listen({ host: '127.0.0.1', port: 0 }, () => ({ host: '127.0.0.1', port: port() }))
    return proxy
  }

  /** Begins to pass connections to a Unix socket on to another one. */
  static async startLocal(path: string, target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(createServer())
    await proxy.listen({ path }, () => ({ path: target }))
    return proxy
  }

  private listen(on: ListenOptions, to: () => NetConnectOpts): Promise<void> {
    this.server.on('connection', (client) => {
      if (Math.random() < this.refusals) client.destroy()
      else this.pass(client, to())
    })
    return new Promise((resolve) => this.server.listen(on, resolve))
  }

  /** The port to connect to. */
  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** Ends everything. */
  stop(): void {
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  private pass(client: Socket, to: NetConnectOpts): void {
    const master = connect({ ...to, noDelay: true } as NetConnectOpts)
    const plan = newPlan()
    const cut = () => {
      if (client.destroyed) return
      this.cuts++
      for (const socket of [client, master]) {
        if (plan.isReset && 'port' in to) socket.resetAndDestroy()
        else socket.destroy()
      }
    }
    // Once something was held back nothing behind it may pass, or the peers are out of step.
    let [isSwallowing, isOver] = [false, false]
    client.on('data', (chunk) => {
      if (isOver) return
      const left = isSwallowing ? plan.afterwards : plan.requests
      plan.requests -= chunk.length
      if (isSwallowing) plan.afterwards -= chunk.length
      isOver = (this.isCutting || isSwallowing) && chunk.length >= left
      if (isOver) master.write(chunk.subarray(0, left), cut)
      else master.write(chunk)
    })
    master.on('data', (chunk) => {
      if (isSwallowing) return
      isSwallowing = this.isCutting && chunk.length >= plan.replies
      client.write(isSwallowing ? chunk.subarray(0, plan.replies) : chunk)
      plan.replies -= chunk.length
      // The client may send nothing more before it has these replies.
      if (isSwallowing) setTimeout(cut, below(8))
    })
    for (const [socket, other] of [
      [client, master],
      [master, client],
    ] as const) {
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
