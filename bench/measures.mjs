/**
 * The measures with their floors and aims, and how a figure is judged.
 *
 * Times are judged after scaling by the speed of the machine at that moment: floors and aims were set where
 * msgpackr packs the record in 0.8 µs, so a time counts as time × 0.8 / what packing takes around it.
 */
const REFERENCE_PACK = 0.8 // µs

const time = (name, unit, floor, aim, digits = 2) => ({
  name,
  unit,
  floor,
  aim,
  digits,
  scaled: true,
})
const size = (name, unit, floor, aim) => ({ name, unit, floor, aim, digits: 1, scaled: false })

/**
 * By the key under which a figure is kept. Calls are measured twice: from the start of a process, compiling
 * included, and "in a process that runs", which has made all of them 40 000 times before. Both are held
 * against the same floors.
 */
export const MEASURES = {
  create: time('create', 'µs', 2.4, 1.4),
  firstRead: time('first read after create', 'µs', 1.1, 0.6),
  repeatedRead: time('repeated read of all 40 000', 'µs', 0.65, 0.4),
  hotRead: time('repeated read of 1 000 of them', 'µs', 0.65, 0.4),
  coldRead: time('cold read in a fresh process', 'µs', 2.5, 1.6),
  update: time('update', 'µs', 2.0, 1.2),
  delete: time('delete', 'µs', 1.0, 0.7),
  createWarm: time('create, in a process that runs', 'µs', 2.4, 1.4),
  firstReadWarm: time('first read, in a process that runs', 'µs', 1.1, 0.6),
  repeatedReadWarm: time('repeated read, in one that runs', 'µs', 0.65, 0.4),
  updateWarm: time('update, in a process that runs', 'µs', 2.0, 1.2),
  deleteWarm: time('delete, in a process that runs', 'µs', 1.0, 0.7),
  sustained: { ...size('rate of 1 000 000 creates to 40 000', '%', 75, 90), more: true },
  disk: size('40 000 with a ttl on disk, closed', 'MiB', 16, 14),
  rss: size('resident memory after 40 000', 'MB', 140, 110),
  openSmall: time('opening 40 000 after a kill', 'ms', 50, 10, 1),
  openLarge: time('opening 1 000 000 after a kill', 'ms', 100, 20, 1),
}

/** @param {number[]} values @returns {number} */
export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/**
 * @param {string} key
 * @param {{value: number, pack: number}[]} rounds what was measured, and what packing took around it, in µs
 * @returns {{measured, judged, verdict}} medians; `judged` of the scaled figures
 */
export function judge(key, rounds) {
  const { scaled, more, floor, aim } = MEASURES[key]
  const measured = median(rounds.map(({ value }) => value))
  const judged = scaled
    ? median(rounds.map(({ value, pack }) => (value * REFERENCE_PACK) / pack))
    : measured
  const reaches = (limit) => (more ? judged >= limit : judged <= limit)
  const verdict = reaches(aim) ? 'aim reached' : reaches(floor) ? 'above the floor' : 'MISSED'
  return { measured, judged, verdict }
}

/** @param {Record<string, {measured, judged, verdict}>} results @returns {string} */
export function table(results) {
  const row = (name, cells, verdict) =>
    `${name.padEnd(38)}${cells.map((cell) => cell.padStart(12)).join('')}   ${verdict}`
  const rows = Object.entries(results).map(([key, { measured, judged, verdict }]) => {
    const { name, unit, floor, aim, digits, scaled } = MEASURES[key]
    const show = (value) => `${value.toFixed(digits)} ${unit}`
    return row(name, [show(floor), show(aim), show(measured), scaled ? show(judged) : ''], verdict)
  })
  return [row('', ['floor', 'aim', 'measured', 'scaled'], ''), ...rows].join('\n')
}
