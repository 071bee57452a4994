/** The engine alone: `cargo bench`, and how near it comes to what its bytes cost to seal and to copy. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const WRITES = 'limit/seal and copy'
const READS = 'limit/open and copy'
/** Without those that take minutes: opening large stores, and a sweep for which tokens must expire. */
const CHOSEN = '^(token|seal|limit|journal|call|run/checkpoint|run/sustained)'

/** What each call can't be quicker than. */
const LIMIT = {
  'call/create/mapped': WRITES,
  'call/create/plain': WRITES,
  'call/update': WRITES,
  'call/read/memtable': READS,
  'call/read/cached': READS,
  'call/read/tree': READS,
  'run/sustained create of 1 000 000': WRITES,
}

export const rust = {
  name: 'rust',
  mostRounds: 1, // criterion makes its own
  /** No driver to try. */
  trials: (_peers, size) =>
    size === 'quick' ? [] : [{ key: 'cargo bench', peer: 'ours', isMany: true, run: cargoBench }],
  tables: [
    {
      title: 'The engine alone',
      columns: [
        { measure: 'nanos', title: 'median', unit: 'ns', digits: 0 },
        { measure: 'low', title: 'from', unit: 'ns', digits: 0 },
        { measure: 'high', title: 'to', unit: 'ns', digits: 0 },
        { measure: 'share', title: 'of it the limit', unit: '%', digits: 0 },
      ],
    },
  ],
}

async function cargoBench() {
  const brief = ['--warm-up-time', '0.5', '--measurement-time', '2', CHOSEN]
  const args = [
    ...['bench', '--quiet', '-p', 'crudjt-core', '--bench', 'parts', '--bench', 'store'],
    ...['--', ...brief],
  ]
  const cargo = spawn('cargo', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = await once(cargo, 'exit')
  if (status !== 0) throw new Error(`cargo bench ended with ${status}`)
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target')
  const rows = Object.fromEntries(resultsBelow(join(target, 'criterion')))
  for (const [name, row] of Object.entries(rows)) {
    const limit = rows[LIMIT[name]]
    if (limit) row.share = (limit.nanos / row.nanos) * 100
  }
  return rows
}

/** `[name, {nanos, low, high}]` of every benchmark, by element where it says how many there are. */
function resultsBelow(folder) {
  const found = join(folder, 'new', 'estimates.json')
  if (existsSync(found)) return [resultOf(join(folder, 'new'))]
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'report')
    .flatMap((entry) => resultsBelow(join(folder, entry.name)))
}

function resultOf(folder) {
  const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const { full_id: name, throughput } = read('benchmark.json')
  const { median } = read('estimates.json')
  const elements = throughput?.Elements ?? 1
  const { lower_bound: low, upper_bound: high } = median.confidence_interval
  const row = {
    nanos: median.point_estimate / elements,
    low: low / elements,
    high: high / elements,
  }
  return [name, row]
}
