/** A status line: updated in place on a terminal, else a new line every few seconds. */
const TTY_MS = 200
const PLAIN_MS = 3000
const CLEAR = '\r\x1b[K'

export class Progress {
  #status
  #timer
  #start = performance.now()
  #tty = process.stdout.isTTY

  /** @param {() => string} status called for each update */
  constructor(status) {
    this.#status = status
    this.#timer = setInterval(() => this.#show(), this.#tty ? TTY_MS : PLAIN_MS)
  }

  /** Prints a line that stays. */
  print(line) {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1).padStart(5)
    console.log(`${this.#tty ? CLEAR : ''}${seconds} s  ${line}`)
  }

  end() {
    clearInterval(this.#timer)
    if (this.#tty) process.stdout.write(CLEAR)
  }

  #show() {
    if (this.#tty) process.stdout.write(`${CLEAR}         ${this.#status()}`)
    else this.print(this.#status())
  }
}
