/** Numbers that look random and are the same in every run. */

/** @param {number} seed @returns {() => number} numbers from 0 up to 1 (mulberry32) */
export function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Draws from 0 to count - 1, the k-th most frequent of them 1/k as often as the most frequent one (Zipf);
 * which is how frequent has nothing to do with their order.
 */
export function zipf(count, random) {
  const sums = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) {
    sum += 1 / (i + 1)
    sums[i] = sum
  }
  const order = shuffled(count, random)
  return () => order[firstAbove(sums, random() * sum)]
}

/** @returns {Uint32Array} 0 to count - 1 in random order */
export function shuffled(count, random) {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    const kept = order[i]
    order[i] = order[other]
    order[other] = kept
  }
  return order
}

function firstAbove(sums, value) {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}
