/** How long each call took: the whole request as the client saw it, and the store's part of it. */
import { createHistogram } from 'node:perf_hooks'

const NS_PER_MS = 1e6

export class Timings {
  #calls = new Map()

  add(call, requestMs, storeMs) {
    if (!this.#calls.has(call))
      this.#calls.set(call, { request: createHistogram(), store: createHistogram() })
    const { request, store } = this.#calls.get(call)
    request.record(nanoseconds(requestMs))
    store.record(nanoseconds(storeMs))
  }

  /** @returns {{count: number, request: object, store: object} | null} medians and p99s in ms; null: never called */
  of(call) {
    const found = this.#calls.get(call)
    if (!found) return null
    return {
      count: found.request.count,
      request: figures(found.request),
      store: figures(found.store),
    }
  }
}

const nanoseconds = (ms) => Math.max(1, Math.round(ms * NS_PER_MS))
const figures = (histogram) => ({
  median: histogram.percentile(50) / NS_PER_MS,
  p99: histogram.percentile(99) / NS_PER_MS,
})
