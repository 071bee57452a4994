/** A run of child.mjs from its start to its death by SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { StoreOptions } from 'crudjt'

/** What a child has forced to happen so far; a line `seen {…}`. */
export interface Report {
  /** Checkpoints it asked for. */
  readonly checkpoints: number
  /** Expired records that its sweeps removed. */
  readonly swept: number
  /** Rotations since it opened the store; each of those checkpoints makes one at most. */
  readonly rotations: number
  readonly last_checkpoint_at_ms?: number
  readonly last_sweep_at_ms?: number
}

interface Waiter {
  readonly isMet: (line: string) => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A child at work. */
export class Run {
  /** What it said, line by line; a line that was cut off is left out. */
  readonly lines: string[] = []
  private readonly child: ChildProcess
  private readonly ended: Promise<unknown>
  private waiters: Waiter[] = []
  private rest = ''

  /** Starts a child on a store. */
  constructor(options: StoreOptions) {
    const args = [join(__dirname, 'child.mjs'), JSON.stringify(options)]
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    })
    this.ended = once(this.child, 'close')
    const pipe = this.child.stdio[3] as Readable
    pipe.setEncoding('latin1').on('data', (text: string) => this.take(text))
    this.child.once('close', (code) => this.giveUp(new Error(`the child ended by itself: ${code}`)))
  }

  /** Resolves when the child says a line like this one; rejects if it ends instead. */
  said(isMet: (line: string) => boolean): Promise<void> {
    return new Promise((resolve, reject) => this.waiters.push({ isMet, resolve, reject }))
  }

  /** Kills the child like `kill -9`; resolves when all that it said has arrived. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
    if (this.child.signalCode !== 'SIGKILL') throw new Error('the child had ended before')
  }

  /** The last report. */
  get report(): Report | undefined {
    const last = this.lines.findLast((line) => line.startsWith('seen '))
    return last === undefined ? undefined : reportOf(last)
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) this.takeLine(line)
  }

  private takeLine(line: string): void {
    this.lines.push(line)
    if (this.waiters.length === 0) return
    const met = this.waiters.filter(({ isMet }) => isMet(line))
    this.waiters = this.waiters.filter((waiter) => !met.includes(waiter))
    for (const { resolve } of met) resolve()
  }

  private giveUp(error: Error): void {
    for (const { reject } of this.waiters) reject(error)
    this.waiters = []
  }
}

/** The report of a line; undefined if it holds none. */
export function reportOf(line: string): Report | undefined {
  return line.startsWith('seen ') ? JSON.parse(line.slice('seen '.length)) : undefined
}
