/** Medians and ratios of what the rounds yielded. */
import { median } from '../measures.mjs'

/** @param {number[]} values @returns {{median: number, low: number, high: number} | undefined} */
export function spread(values) {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) return undefined
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/** Looks up figures in results, which are by part, trial and round. */
export class Figures {
  #results

  constructor(results) {
    this.#results = results
  }

  /** One value a round; empty if the part, the trial or the measure was left out. */
  values(part, trial, measure, scale = 1) {
    const rounds = this.#results[part]?.[trial] ?? []
    return rounds.map((round) => round[measure] * scale).filter((value) => Number.isFinite(value))
  }

  /** How many times the one is the other, round by round: `[part, trial, measure]` each. */
  times(above, below) {
    const [values, others] = [this.values(...above), this.values(...below)]
    return values.slice(0, others.length).map((value, round) => value / others[round])
  }

  /** The names of a part's rows. */
  trials(part) {
    return Object.keys(this.#results[part] ?? {})
  }

  /** How many rounds a row has. */
  rounds(part, trial) {
    return this.#results[part][trial].length
  }
}
