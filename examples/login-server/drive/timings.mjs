/** Latency of each call: of the whole request as the client sees it, and of the store's part. */
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

  /** @returns {{count: number, request: object, store: object} | null} in ms; null if never called */
  of(call) {
    const found = this.#calls.get(call)
    if (!found) return null
    const { request, store } = found
    return { count: request.count, request: figures(request), store: figures(store) }
  }
}

const nanoseconds = (ms) => Math.max(1, Math.round(ms * NS_PER_MS))
const figures = (histogram) => ({
  median: histogram.percentile(50) / NS_PER_MS,
  p99: histogram.percentile(99) / NS_PER_MS,
})
