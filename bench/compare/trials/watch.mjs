/** Counts what a store does beside the calls, where it tells: checkpoints and swept tokens. */
const LOOK_MS = 20

export class Watch {
  #store
  #timer
  #checkpoints = 0
  #last

  static async start(store) {
    const watch = new Watch()
    watch.#store = store
    if (store.stats === undefined) return watch
    watch.#last = (await store.stats()).last_checkpoint_at_ms
    watch.#timer = setInterval(() => watch.#look(), LOOK_MS)
    return watch
  }

  async #look() {
    const { last_checkpoint_at_ms: last } = await this.#store.stats()
    if (last !== this.#last) this.#checkpoints += 1
    this.#last = last
  }

  /** @returns {Promise<{checkpoints?: number, swept?: number}>} */
  async end() {
    if (this.#timer === undefined) return {}
    clearInterval(this.#timer)
    await this.#look()
    return { checkpoints: this.#checkpoints, swept: (await this.#store.stats()).last_sweep_removed }
  }
}
