/** One line about what is going on: rewritten in place on a terminal, else a line every few seconds. */
const TTY_MS = 200
const PLAIN_MS = 3000

export class Progress {
  #text
  #timer
  #start = performance.now()
  #tty = process.stdout.isTTY

  /** @param {() => string} text asked each time the line is shown */
  constructor(text) {
    this.#text = text
    this.#timer = setInterval(() => this.#show(), this.#tty ? TTY_MS : PLAIN_MS)
  }

  /** A line that stays. */
  say(line) {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1).padStart(5)
    console.log(`${this.#tty ? '\r\x1b[K' : ''}${seconds} s  ${line}`)
  }

  end() {
    clearInterval(this.#timer)
    if (this.#tty) process.stdout.write('\r\x1b[K')
  }

  #show() {
    if (this.#tty) process.stdout.write(`\r\x1b[K         ${this.#text()}`)
    else this.say(this.#text())
  }
}
