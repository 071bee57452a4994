/** The server as a child process: started on a free port, killed, stopped in order. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url))
const PAUSE_MS = 20
const HEAD_START_MS = 0.3

/** A promise to be settled from outside. */
function deferred() {
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}

/** Waits for less time than a timer can. */
function spin(milliseconds) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

export class Service {
  #folder
  #child
  #exit
  #ending = false
  #door = deferred()
  #broken = deferred()

  /** Where it listens, such as http://127.0.0.1:40123. */
  origin

  /** @param {string} folder for key and store */
  constructor(folder) {
    this.#folder = folder
  }

  /** Resolves when visitors may come; a new promise after each kill. */
  get up() {
    return this.#door.promise
  }

  /** Rejects when the server ends without having been told to. */
  get broken() {
    return this.#broken.promise
  }

  /** Starts the child and waits until it listens. @returns {Promise<number>} milliseconds it took */
  async start() {
    const start = performance.now()
    this.#spawn()
    for await (const line of createInterface({ input: this.#child.stdout })) {
      this.origin = /^listening on (http:\S+)$/.exec(line)?.[1]
      if (this.origin) break
    }
    if (!this.origin) throw new Error('the server did not start')
    return performance.now() - start
  }

  /** Lets the waiting visitors in. */
  admit() {
    this.#door.resolve()
  }

  /**
   * SIGKILL in the midst of work. Resolves when the child is gone.
   * @param {() => number} inFlight how many requests wait for their answers
   */
  async kill(inFlight) {
    await this.#catchAtWork(inFlight)
    this.#door = deferred()
    await this.#end('SIGKILL')
  }

  /** SIGTERM: the server ends in order. */
  async stop() {
    const status = await this.#end('SIGTERM')
    if (status !== 0) throw new Error(`the server ended with status ${status} instead of 0`)
  }

  /** For a driver that gives up: leaves no child behind. */
  abandon() {
    this.#child?.kill('SIGKILL')
  }

  #spawn() {
    const child = spawn(process.execPath, [SERVER, '--folder', this.#folder, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#ending = false
    this.#exit = new Promise((resolve) => child.once('exit', resolve))
    this.#exit.then((status) => {
      if (this.#ending) return
      this.#door = deferred()
      this.#broken.reject(new Error(`the server ended by itself, with status ${status}`))
    })
    this.#child = child
  }

  /**
   * Stops the server in the midst of work: it answers as fast as the visitors ask, so that a kill at any
   * moment would mostly find it idle. What it had answered by then arrives during the second pause.
   */
  async #catchAtWork(inFlight) {
    if (process.platform === 'win32') return
    do {
      this.#child.kill('SIGSTOP')
      await sleep(PAUSE_MS)
      this.#child.kill('SIGCONT')
      spin(HEAD_START_MS)
      this.#child.kill('SIGSTOP')
      await sleep(PAUSE_MS)
    } while (inFlight() === 0)
  }

  #end(signal) {
    this.#ending = true
    this.#child.kill(signal)
    return this.#exit
  }
}
