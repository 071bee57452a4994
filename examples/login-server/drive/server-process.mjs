/** The server as a child process: started on a free port, killed, stopped gracefully. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url))
const PAUSE_MS = 20
const RUN_MS = 0.3

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

export class ServerProcess {
  #folder
  #child
  #exit
  #isStopping = false
  #open = deferred()
  #crashed = deferred()

  /** Where it listens, such as http://127.0.0.1:40123. */
  origin

  /** @param {string} folder for key and store */
  constructor(folder) {
    this.#folder = folder
  }

  /** Resolves once visitors may send requests; a new promise after each kill. */
  get opened() {
    return this.#open.promise
  }

  /** Rejects if the server exits unexpectedly. */
  get crashed() {
    return this.#crashed.promise
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

  /** Resolves `opened`. */
  open() {
    this.#open.resolve()
  }

  /**
   * Sends SIGKILL while requests are in flight. Resolves when the child is gone.
   * @param {() => number} inFlight the number of requests that wait for a reply
   */
  async kill(inFlight) {
    await this.#freezeBusy(inFlight)
    this.#open = deferred()
    await this.#end('SIGKILL')
  }

  /** Stops the server gracefully with SIGTERM. */
  async stop() {
    const status = await this.#end('SIGTERM')
    if (status !== 0) throw new Error(`the server exited with status ${status} instead of 0`)
  }

  /** Leaves no child behind if the drive fails. */
  abandon() {
    this.#child?.kill('SIGKILL')
  }

  #spawn() {
    const child = spawn(process.execPath, [SERVER, '--folder', this.#folder, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#isStopping = false
    this.#exit = new Promise((resolve) => child.once('exit', resolve))
    this.#exit.then((status) => {
      if (this.#isStopping) return
      this.#open = deferred()
      this.#crashed.reject(new Error(`the server exited unexpectedly with status ${status}`))
    })
    this.#child = child
  }

  /**
   * Freezes the server while it works on requests. It replies as fast as the visitors ask, so a kill at a
   * random moment would mostly find it idle. Replies sent before arrive during the second pause.
   */
  async #freezeBusy(inFlight) {
    if (process.platform === 'win32') return
    do {
      this.#child.kill('SIGSTOP')
      await sleep(PAUSE_MS)
      this.#child.kill('SIGCONT')
      spin(RUN_MS)
      this.#child.kill('SIGSTOP')
      await sleep(PAUSE_MS)
    } while (inFlight() === 0)
  }

  #end(signal) {
    this.#isStopping = true
    this.#child.kill(signal)
    return this.#exit
  }
}
