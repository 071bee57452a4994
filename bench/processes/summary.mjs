/** Quantiles of times. @param {ArrayLike<number>} times in milliseconds @returns microseconds */
export function summary(times) {
  const sorted = Float64Array.from(times).sort()
  const quantile = (share) => sorted[Math.floor(share * (sorted.length - 1))] * 1000
  return { p50: quantile(0.5), p99: quantile(0.99) }
}
