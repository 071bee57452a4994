/** A process of the kill test from its start to its end: its lines as they come, and its death. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** A process that has not said for so long what it is waited for hangs: a machine may stall for minutes. */
const PATIENCE_MS = 1_200_000

interface Waiter {
  readonly isMet: (line: string) => boolean
  readonly resolve: (line: string) => void
  readonly reject: (error: Error) => void
}

/** A process at work. */
export class Run {
  private readonly child: ChildProcess
  private readonly ended: Promise<unknown>
  private readonly hear: (line: string) => void
  /** What it wrote to its standard error. */
  stderr = ''
  private waiters: Waiter[] = []
  private rest = ''
  private last = 'nothing'
  private isOver = false

  /**
   * Starts a process.
   * @param script its path, from this folder
   * @param orders what it is told, through a file of this name
   * @param hear gets every whole line
   */
  constructor(script: string, file: string, orders: object, hear: (line: string) => void) {
    writeFileSync(file, JSON.stringify(orders))
    this.hear = hear
    this.child = spawn(process.execPath, [join(__dirname, script), file], {
      stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'ipc'],
    })
    this.ended = once(this.child, 'close')
    this.child.stderr?.on('data', (text) => (this.stderr += text))
    const pipe = this.child.stdio[3] as Readable
    pipe.setEncoding('latin1').on('data', (text: string) => this.take(text))
    this.child.once('close', () => this.end())
  }

  /** What the names of its lanes begin with. */
  get lanes(): string {
    return `${this.child.pid}.`
  }

  /** Whether it has not ended. */
  get lives(): boolean {
    return !this.isOver
  }

  /** How it ended: `0`, or the signal. */
  get outcome(): string {
    return String(this.child.signalCode ?? this.child.exitCode)
  }

  /** Resolves to the next line that begins so; rejects if the process ends instead, or hangs. */
  async said(beginning: string): Promise<string> {
    const timer = setTimeout(() => this.giveUp('hangs'), PATIENCE_MS)
    try {
      return await new Promise((resolve, reject) => {
        const isMet = (line: string) => line.startsWith(beginning)
        this.waiters.push({ isMet, resolve, reject })
        if (this.isOver) this.end()
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Tells it something. */
  tell(order: string): void {
    this.child.send(order, () => {})
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Kills it like `kill -9`; resolves when all that it said has arrived. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  /** Resolves when it has ended by itself; one that hangs is killed. */
  async over(): Promise<void> {
    const timer = setTimeout(() => this.signal('SIGKILL'), PATIENCE_MS)
    await this.ended
    clearTimeout(timer)
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) {
      this.hear(line)
      this.last = line
      if (this.waiters.length > 0) this.tellWaiters(line)
    }
  }

  private tellWaiters(line: string): void {
    const met = this.waiters.filter(({ isMet }) => isMet(line))
    this.waiters = this.waiters.filter((waiter) => !met.includes(waiter))
    for (const { resolve } of met) resolve(line)
  }

  private end(): void {
    this.isOver = true
    this.giveUp(`ended by itself with ${this.outcome}`)
  }

  private giveUp(why: string): void {
    for (const { reject } of this.waiters)
      reject(new Error(`a process ${why}, after: ${this.last}\n${this.stderr}`))
    this.waiters = []
  }
}
