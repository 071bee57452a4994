/**
 * What is done with a store as a whole while nobody has it open: checked, salvaged, made dense, copied;
 * and what its keyring holds. Works off this thread.
 */

import { unwrap } from '../engine/engine.js'
import {
  backupStore,
  compactStore,
  type NativeFinding,
  repairStore,
  storeKeys,
  verifyStore,
} from '../engine/native.js'
import { typeError } from '../errors.js'
import { checkOptions, type OptionKind, type OptionTable } from '../options/check-options.js'
import { checkSecrets, folder } from '../options/store-options.js'

/**
 * Gets how much is done and how much there is in all: in bytes, of the backup of an open store in
 * records.
 */
export type OnProgress = (done: number, total: number) => void

/** Something that is wrong with a store. Holds no token, data or key. */
export interface Finding {
  /** What it is about. */
  kind: 'keyring' | 'journal' | 'block' | 'record' | 'expiry' | 'epoch'
  /** The name of the file, or of the folder where one is missing. */
  file: string
  /** The block of the tree, the sequence in the journal, or the record's number. */
  place: number | undefined
  /** One sentence. */
  text: string
}

/** How `compact` works. */
export interface CompactOptions {
  /** Gets told how far it is. */
  onProgress?: OnProgress | undefined
}

/** How a backup is made. */
export interface BackupOptions {
  /** Gets told how far it is. */
  onProgress?: OnProgress | undefined
}

/** How `keys` looks. */
export interface KeysOptions {
  /** A secret or a list of them: which slots they open is told. */
  secret_key?: string | readonly string[] | undefined
}

/** How `verify` looks. */
export interface VerifyOptions extends CompactOptions {
  /** With it (or a list of them) every record that it has the key of is opened. */
  secret_key?: string | readonly string[] | undefined
}

/** How `repair` works. */
export interface RepairOptions extends VerifyOptions {
  /** The new store's folder, which must be missing or empty. Default: the path with `.repaired`. */
  target?: string | undefined
  /**
   * Takes records along of which a hole in the journal may hide the end: some may be of tokens that
   * were deleted or used up. Default false.
   */
  keep_doubtful?: boolean | undefined
}

/** What is wrong: the first hundred findings, and how many there are. */
interface Findings {
  findings: Finding[]
  finding_count: number
}

/** What `verify` found. */
export interface VerifyReport extends Findings {
  /** Whether nothing is wrong. */
  sound: boolean
  /** Records that can be read, expired ones among them. */
  records: number
  /** Records whose time has passed and that no sweep has removed yet. */
  expired: number
  /** Records that were opened with a secret. */
  opened: number
  /** Blocks of the tree's file. */
  blocks: number
  /** Segments of the journal. */
  segments: number
  /** Entries of the journal that the next opening replays. */
  entries: number
}

/** What `repair` salvaged. */
export interface RepairReport extends Findings {
  /** The new store's folder. */
  path: string
  /** Records in it. */
  salvaged: number
  /** Records that were found, of which a hole in the journal may hide a later change. */
  doubtful: number
  /** Records that are known to have been there and can't be read. */
  lost: number
  /** Salvaged records that were opened with a secret. */
  opened: number
}

/** What `compact` did. */
export interface CompactReport {
  /** Records in the tree. */
  records: number
  /** Bytes of the tree's file before. */
  bytes_before: number
  /** Bytes of the tree's file now. */
  bytes_after: number
}

/** A domain: the tokens that were made under one secret. What `keys` tells of it is no secret. */
export interface KeyDomain {
  /** Eight hexadecimal digits that tell it from the store's other domains. */
  fingerprint: string
  /** When it was made, in milliseconds since 1970; undefined where no clock told. */
  created_at_ms: number | undefined
  /** Whether one of the given secrets opens it. */
  opens: boolean
  /** The secrets that open it, oldest first. */
  slots: KeySlot[]
}

/** A secret that opens a domain. */
export interface KeySlot {
  /** Whether the domain was made for it; else it took over from an older one. */
  own: boolean
  /** When the store first met it, in milliseconds since 1970. */
  created_at_ms: number | undefined
  /** Whether it is one of the given ones. */
  opens: boolean
}

/** What a backup copied. */
export interface BackupReport {
  /** Records, expired ones among them. */
  records: number
  /** Bytes of the copy's tree. */
  bytes: number
}

const COMPACT: OptionTable = {
  onProgress: { expected: 'a function', isType: (value) => typeof value === 'function' },
}
const VERIFY: OptionTable = {
  ...COMPACT,
  secret_key: { expected: 'a Base64 string or a list of them', isType: () => true },
}
const SECRET: OptionTable = { secret_key: VERIFY.secret_key as OptionKind }
const REPAIR: OptionTable = {
  ...VERIFY,
  target: folder,
  keep_doubtful: { expected: 'true or false', isType: (value) => typeof value === 'boolean' },
}

/**
 * Checks a store that nobody has open, also one whose process was killed or that is refused as
 * damaged, without changing a byte: keyring, journal, every block and every record, and whether they
 * agree. Damage is no error but a finding.
 * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, TypeError `ERR_CRUDJT_SECRET_KEY`
 * @throws CRUDJTError `ERR_CRUDJT_STORE_LOCKED` (a process has it open), `ERR_CRUDJT_PATH` (there is
 *   no store), `ERR_CRUDJT_VERSION`, `ERR_CRUDJT_STORAGE`
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  checkPath(path)
  checkOptions(options, VERIFY)
  const verified = await telling(options, (tell) =>
    verifyStore(path, secretsOf(options), tell).then(unwrap),
  )
  const { records, expired, opened, blocks, segments, entries } = verified
  const sound = verified.findingCount === 0
  return { sound, records, expired, opened, blocks, segments, entries, ...findingsOf(verified) }
}

/**
 * Salvages every record whose newest state can still be told into a new store; the damaged one is
 * only read. Tokens and secrets stay the same, and none is needed. Dead tokens stay dead: where a
 * hole in the journal may hide that a token died, its record is left out and counted as doubtful.
 * @throws what `verify` throws
 * @throws CRUDJTError `ERR_CRUDJT_PATH` (the target is not empty), `ERR_CRUDJT_DAMAGED` (no copy of
 *   the keyring can be read), `ERR_CRUDJT_FULL`
 */
export async function repair(path: string, options: RepairOptions = {}): Promise<RepairReport> {
  checkPath(path)
  checkOptions(options, REPAIR)
  const { target = '', keep_doubtful = false } = options
  const repaired = await telling(options, (tell) =>
    repairStore(path, secretsOf(options), target, keep_doubtful, tell).then(unwrap),
  )
  const { salvaged, doubtful, lost, opened } = repaired
  return { path: repaired.path, salvaged, doubtful, lost, opened, ...findingsOf(repaired) }
}

/**
 * Makes the tree's file of a store that nobody has open as small as its records are. A process that
 * is killed meanwhile leaves the store as it was.
 * @throws TypeError `ERR_CRUDJT_OPTION`
 * @throws CRUDJTError `ERR_CRUDJT_STORE_LOCKED`, `ERR_CRUDJT_PATH`, `ERR_CRUDJT_VERSION`,
 *   `ERR_CRUDJT_DAMAGED` (repair it first), `ERR_CRUDJT_FULL`, `ERR_CRUDJT_STORAGE`
 */
export async function compact(path: string, options: CompactOptions = {}): Promise<CompactReport> {
  checkPath(path)
  checkOptions(options, COMPACT)
  const compacted = await telling(options, (tell) => compactStore(path, tell).then(unwrap))
  const { records, bytesBefore, bytesAfter } = compacted
  return { records, bytes_before: bytesBefore, bytes_after: bytesAfter }
}

/**
 * Copies a store that nobody has open into a folder that is missing or empty; `Store.backup` copies one
 * in use. All of it is checked on the way as `verify` does, and no secret is needed. The copy is a store
 * by itself, and restoring is copying it back. A folder that the copying did not get to the end of says
 * so when it is opened.
 * @throws what `verify` throws
 * @throws CRUDJTError `ERR_CRUDJT_PATH` (the folder is not empty or can't be made),
 *   `ERR_CRUDJT_DAMAGED` (the store is), `ERR_CRUDJT_FULL`
 */
export async function backup(
  path: string,
  target: string,
  options: BackupOptions = {},
): Promise<BackupReport> {
  checkPath(path)
  checkBackup(target, options, 'The second argument')
  const copied = await telling(options, (tell) => backupStore(path, target, tell).then(unwrap))
  return { records: copied.records, bytes: copied.bytes }
}

/**
 * Lists the domains of a store's keyring, oldest first, and what opens each; never a key. Only reads,
 * also of a store that is in use. When the newest secret opens every domain, the older ones can be
 * dropped.
 * @throws TypeError `ERR_CRUDJT_OPTION`, `ERR_CRUDJT_SECRET_KEY`
 * @throws CRUDJTError `ERR_CRUDJT_PATH` (there is no store), `ERR_CRUDJT_DAMAGED` (no copy of the keyring
 *   can be read), `ERR_CRUDJT_VERSION`
 */
export async function keys(path: string, options: KeysOptions = {}): Promise<KeyDomain[]> {
  checkPath(path)
  checkOptions(options, SECRET)
  const domains = await storeKeys(path, secretsOf(options)).then(unwrap)
  return domains.map(({ fingerprint, slots }) => ({
    fingerprint,
    created_at_ms: slots[0]?.createdAtMs,
    opens: slots.some(({ opens }) => opens),
    slots: slots.map(({ isOwn, createdAtMs, opens }) => ({
      own: isOwn,
      created_at_ms: createdAtMs,
      opens,
    })),
  }))
}

/** @throws TypeError `ERR_CRUDJT_OPTION` */
export function checkBackup(
  target: unknown,
  options: unknown,
  which = 'The first argument',
): asserts target is string {
  checkPath(target, which)
  checkOptions(options, COMPACT)
}

/** @throws TypeError `ERR_CRUDJT_OPTION` */
function checkPath(path: unknown, which = 'The first argument'): asserts path is string {
  if (!folder.isType(path)) {
    throw typeError('ERR_CRUDJT_OPTION', `${which}: expected ${folder.expected}`)
  }
}

function secretsOf({ secret_key }: KeysOptions): string[] {
  if (secret_key === undefined) return []
  checkSecrets(secret_key)
  return typeof secret_key === 'string' ? [secret_key] : [...secret_key]
}

/** Tells of progress until the work is done: what is still on its way then comes too late. */
export async function telling<T>(
  { onProgress }: CompactOptions,
  work: (tell: OnProgress) => Promise<T>,
): Promise<T> {
  let isDone = false
  try {
    return await work((done, total) => {
      if (!isDone) onProgress?.(done, total)
    })
  } finally {
    isDone = true
  }
}

function findingsOf(from: { findings: NativeFinding[]; findingCount: number }): Findings {
  const findings = from.findings.map(({ kind, file, place, text }) => ({ kind, file, place, text }))
  return { findings, finding_count: from.findingCount }
}
