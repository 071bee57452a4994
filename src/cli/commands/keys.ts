/** `crudjt keys`: lists what a store's keyring holds; never a key. */
import type { KeyDomain, KeySlot } from '../../api/maintenance.js'
import type { Command } from '../command.js'
import { STATUS } from '../exit.js'
import { count, print } from '../outcome.js'
import { needed, readSettings } from '../settings/settings.js'
import { OUTPUT, PATH, SECRET } from '../settings/store-settings.js'
import { secretsOf, storeRefusal } from '../store-run.js'

const SETTINGS = { ...PATH, ...SECRET, ...OUTPUT } as const

const DAY_MS = 86_400_000

/** Prints a line for each domain and each secret that opens it. */
export const keys: Command = {
  name: 'keys',
  summary: 'Lists the key domains of a store by fingerprint and age, in use or not; never a key.',
  notes: [
    'A domain is what was made under one secret. With a secret it is told what that opens: when the newest one opens every domain, the older ones can be dropped.',
  ],
  settings: SETTINGS,
  async run(sources) {
    const given = readSettings(SETTINGS, sources)
    const path = needed(given.path, SETTINGS.path)
    const { secret, secret_key } = secretsOf(given)
    const { keys } = await import('../../library.js')
    const domains = await keys(path, { secret_key }).catch((error) => {
      throw storeRefusal(error, { path, secretSource: secret?.source, failed: STATUS.failed })
    })
    print(given.json, { domains }, linesOf(domains, secret?.source))
    return 0
  },
}

function linesOf(domains: readonly KeyDomain[], source: string | undefined): string[] {
  const lines = [count(domains.length, 'domain')]
  for (const { fingerprint, slots } of domains) {
    for (const [at, slot] of slots.entries()) {
      const label = at === 0 ? fingerprint : ' '.repeat(fingerprint.length)
      lines.push(`  ${label}  ${slotText(slot)}`)
    }
  }
  if (source !== undefined) lines.push(openedLine(domains, source))
  return lines
}

function slotText({ own, created_at_ms, opens }: KeySlot): string {
  const role = own ? 'made with its secret' : 'taken over by a newer secret'
  return `${role}, ${ageOf(created_at_ms)}${opens ? ', opened by the given secret' : ''}`
}

function ageOf(created: number | undefined): string {
  if (created === undefined) return 'nobody noted when'
  const days = Math.max(0, Math.floor((Date.now() - created) / DAY_MS))
  return `${new Date(created).toISOString().slice(0, 16).replace('T', ' ')} UTC (${count(days, 'day')} ago)`
}

function openedLine(domains: readonly KeyDomain[], source: string): string {
  const opened = domains.filter(({ opens }) => opens).length
  if (opened === domains.length) return `The secret in ${source} opens all of them`
  return `The secret in ${source} opens ${opened} of them`
}
