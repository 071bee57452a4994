/** `crudjt keys`: lists the contents of a store's keyring, never a key. */
import type { KeyDomain, KeySlot } from '../../api/maintenance.js'
import type { Command } from '../help.js'
import { count } from '../outcome.js'
import { OUTPUT, PATH, SECRET } from '../settings/store-settings.js'
import { runOnStore } from './run-on-store.js'

const SETTINGS = { ...PATH, ...SECRET, ...OUTPUT } as const

const DAY_MS = 86_400_000

/** Prints a line for each domain and each secret key that opens it. */
export const keys: Command = {
  name: 'keys',
  summary: 'List the key domains of a store, in use or not, by fingerprint and age; never a key.',
  notes: [
    'A domain is the set of tokens created under one secret key. With a secret key, the list shows what it opens: once the newest key opens every domain, older keys can be dropped.',
  ],
  settings: SETTINGS,
  run: (sources) =>
    runOnStore(SETTINGS, sources, ({ path, secret }) => ({
      work: async ({ keys }) => ({ domains: await keys(path, { secret_key: secret?.keys }) }),
      lines: ({ domains }) => linesOf(domains, secret?.source),
    })),
}

function linesOf(domains: readonly KeyDomain[], source: string | undefined): string[] {
  const lines = [count(domains.length, 'domain')]
  for (const { fingerprint, slots } of domains) {
    for (const [i, slot] of slots.entries()) {
      const label = i === 0 ? fingerprint : ' '.repeat(fingerprint.length)
      lines.push(`  ${label}  ${slotText(slot)}`)
    }
  }
  if (source !== undefined) lines.push(openedLine(domains, source))
  return lines
}

function slotText({ own, created_at_ms, opens }: KeySlot): string {
  const role = own ? 'original key' : 'newer key, added by rotation'
  return `${role}, ${ageOf(created_at_ms)}${opens ? ', opened by the given key' : ''}`
}

function ageOf(created: number | undefined): string {
  if (created === undefined) return 'creation time unknown'
  const days = Math.max(0, Math.floor((Date.now() - created) / DAY_MS))
  return `${new Date(created).toISOString().slice(0, 16).replace('T', ' ')} UTC (${count(days, 'day')} ago)`
}

function openedLine(domains: readonly KeyDomain[], source: string): string {
  const opened = domains.filter(({ opens }) => opens).length
  return `The key in ${source} opens ${opened === domains.length ? 'all' : opened} of them`
}
