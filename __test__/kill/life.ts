/**
 * One store's life: opened again and again by processes that are killed, each of which first looks at
 * everything that was acknowledged before.
 */
import { cpSync, existsSync, renameSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verify } from 'crudjt'
import { KEY } from '../helpers/keys.js'
import { type At, placeOf } from '../helpers/masters.js'
import type { Kind } from './kind.js'
import { Log } from './log.js'
import { type Phase, Phases } from './phases.js'
import { Run } from './run.js'
import type { Tally } from './tally.js'

const CLIENTS = 2
const LANES = 32
/** How many tokens of the dead a process or a client goes on with. */
const ADOPTED = 128
/** A kill that is aimed at a phase comes within this share of its usual time. */
const AIM = 0.7
/** Longest work before a kill that is aimed at no phase. */
const WORK_MS = 120
/** Of so many kills of a master one takes a client along. */
const ONE_IN = 3

const upTo = (milliseconds: number) => sleep(Math.random() * milliseconds)

/** A store's life. */
export class Life {
  readonly log = new Log()
  private readonly folder: string
  private readonly kind: Kind
  private readonly tally: Tally
  private readonly address: At
  private clients: Run[] = []
  private owner: Run | undefined
  private phases = new Phases(false, () => {})
  private wasKilled = false
  private files = 0

  /** @param folder an empty one for the store and what its processes are told */
  constructor(folder: string, kind: Kind, tally: Tally) {
    this.folder = folder
    this.kind = kind
    this.tally = tally
    this.address = placeOf(folder)
  }

  /** Whether the store's last owner was killed. */
  get isDirty(): boolean {
    return this.wasKilled
  }

  /** Starts a process on the store and kills it, in a certain phase if it can be met. */
  async killAt(aim: Phase): Promise<void> {
    const owner = this.startOwner(aim === 'rotating' || Math.random() < 0.05)
    await this.bringTo(owner, aim)
    await owner.kill()
    // One that was told to close may have got to its end.
    if (owner.outcome === 'SIGKILL') this.tally.killed(this.kind, this.phases.atDeath(this.store))
    else if (aim !== 'closing' || owner.outcome !== '0')
      throw new Error(`it ended: ${owner.outcome} ${owner.stderr}`)
    await this.endOf(owner)
  }

  /** Starts a process on the store and lets it close it. */
  async closeInOrder(): Promise<void> {
    const owner = this.startOwner(false)
    await owner.said('working')
    await upTo(WORK_MS)
    owner.tell('close')
    await owner.over()
    if (owner.outcome !== '0')
      throw new Error(`a process that closed ended with ${owner.outcome}: ${owner.stderr}`)
    await this.endOf(owner)
  }

  /** Lets `verify` look at what was killed, and closes it in order. */
  async end(): Promise<void> {
    if (this.isMade) await this.verify()
    await this.closeInOrder()
    this.tally.take(this.log)
  }

  /** Keeps a copy of the store as it is; the result puts that in the store's place. */
  copy(): () => void {
    const kept = join(this.folder, 'copy')
    cpSync(this.store, kept, { recursive: true })
    return () => {
      rmSync(this.store, { recursive: true })
      renameSync(kept, this.store)
    }
  }

  /** Ends all its processes. */
  async abandon(): Promise<void> {
    for (const run of [...this.clients, this.owner]) await run?.kill()
  }

  private async verify(): Promise<void> {
    const { sound, findings } = await verify(this.store, { secret_key: KEY })
    if (!sound) throw new Error(`what was killed is not sound: ${JSON.stringify(findings)}`)
  }

  /** Killed early in its first opening, a store is only a folder, or lacks its keyring's copy. */
  private get isMade(): boolean {
    return this.log.acknowledged > 0 || existsSync(join(this.store, 'keyring.copy'))
  }

  private get store(): string {
    return join(this.folder, 'store')
  }

  private get newFile(): string {
    return join(this.folder, `orders-${this.files++ % 8}`)
  }

  private readonly lives = (lane: string): boolean =>
    [...this.clients, this.owner].some((run) => run?.lives === true && lane.startsWith(run.lanes))

  private startOwner(fills: boolean): Run {
    const { way, journal, lie } = this.kind
    const options = {
      path: this.store,
      secret_key: KEY,
      journal,
      max_data_size: 65_536,
      cache_size: 4 << 20,
      sync_interval_ms: 20,
      // The system may take a moment to let go of a dead process's lock.
      lock_wait_ms: 10_000,
    }
    const { names: tokens, shared } = this.log
    const adopted = way === 'master' ? [] : this.log.orphans(this.lives, ADOPTED)
    const orders = { way, options, tokens, adopted, shared, address: this.address, fills, lie }
    this.phases = new Phases(this.wasKilled, (phase, took) => this.tally.took(phase, took))
    this.log.begin()
    const { phases } = this
    const run = new Run('owner.mjs', this.newFile, orders, (line) => {
      this.log.tell(line)
      phases.hear(line)
      if (line === 'looked') this.log.endLook()
    })
    this.log.adopt(adopted, run.lanes)
    this.owner = run
    return run
  }

  /** Waits until a process is where it is to be killed. */
  private async bringTo(owner: Run, aim: Phase): Promise<void> {
    if (aim === 'opening' || aim === 'recovering') {
      await owner.said('opening')
      return upTo(AIM * this.tally.usual(this.phases.opening))
    }
    await owner.said('working')
    if (this.kind.way === 'master') await this.bringClients()
    if (aim === 'working') return upTo(WORK_MS)
    if (aim === 'rotating') return this.untilRotation(owner)
    if (aim === 'closing') {
      await upTo(WORK_MS / 3)
      owner.tell('close')
    }
    await owner.said(`enter ${aim}`)
    return upTo(AIM * this.tally.usual(aim))
  }

  /** A rotation is seen by the new segment that is made for the next one. */
  private async untilRotation(owner: Run): Promise<void> {
    await owner.said('enter filling')
    await new Promise<void>((resolve) => {
      const watcher = watch(this.store, (_, name) => {
        if (name !== 'journal.new') return
        watcher.close()
        resolve()
      })
    })
    await upTo(2)
  }

  /** Has as many clients as there should be, and waits until the master answers one. */
  private async bringClients(): Promise<void> {
    this.clients = this.clients.filter((client) => client.lives)
    while (this.clients.length < CLIENTS) this.clients.push(this.startClient())
    await Promise.race(this.clients.map((client) => client.said('did')))
  }

  private startClient(): Run {
    const options = { ...this.address, timeout_ms: 3_600_000 }
    const adopted = this.log.orphans(this.lives, ADOPTED)
    const { shared } = this.log
    const orders = { options, lanes: LANES, adopted, shared, lie: this.kind.lie }
    const run = new Run('client.mjs', this.newFile, orders, (line) => this.log.tell(line))
    this.log.adopt(adopted, run.lanes)
    return run
  }

  /** After an owner's end: what it had in flight, and its clients. */
  private async endOf(owner: Run): Promise<void> {
    this.wasKilled = owner.outcome === 'SIGKILL'
    this.tally.swept += this.phases.swept
    this.log.endOf((lane) => lane === 'look' || lane.startsWith(owner.lanes))
    const [first, ...others] = this.clients
    if (first !== undefined && Math.random() < 1 / ONE_IN) {
      await first.kill()
      this.log.endOf((lane) => lane.startsWith(first.lanes))
      this.tally.clients++
      this.clients = others
    }
    for (const client of this.clients) {
      const drained = client.said('drained')
      client.tell('drain')
      await drained
    }
  }
}
