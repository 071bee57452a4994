/**
 * Maintenance of a store that no process has open: verify, repair, compact and backup; and the list of
 * what its keyring holds. The work runs off the JavaScript thread.
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
import {
  type BackupOptions,
  type BackupReport,
  type CompactOptions,
  checkBackup,
  checkPath,
  PROGRESS,
  withProgress,
} from '../options/backup-options.js'
import { checkOptions, type OptionTable } from '../options/check-options.js'
import { checkSecrets, secretList } from '../options/secret-keys.js'
import { folder, optionKind } from '../options/store-options.js'

/** Something that is wrong with a store. Holds no token, data or key. */
export interface Finding {
  /** What the finding is about. */
  kind: 'keyring' | 'journal' | 'block' | 'record' | 'expiry' | 'epoch'
  /** The name of the file, or of the folder where one is missing. */
  file: string
  /** The block of the B-tree, the sequence number in the journal, or the id of the record. */
  place: number | undefined
  /** One sentence. */
  text: string
}

/** Options of `keys`. */
export interface KeysOptions {
  /** A secret or a list of secrets: the report says which slots they open. */
  secret_key?: string | readonly string[] | undefined
}

/** Options of `verify`. */
export interface VerifyOptions extends CompactOptions {
  /** A secret or a list of secrets: every record that they can decrypt is decrypted. */
  secret_key?: string | readonly string[] | undefined
}

/** Options of `repair`. */
export interface RepairOptions extends VerifyOptions {
  /** The new store's folder, which must be missing or empty. Default: the path with `.repaired`. */
  target?: string | undefined
  /**
   * Also salvages records whose later history may be lost in a gap in the journal: some may belong to
   * tokens that were deleted or used up. Default false.
   */
  keep_doubtful?: boolean | undefined
}

/** The first hundred findings, and the number of all. */
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
  /** Expired records that no sweep has removed yet. */
  expired: number
  /** Records that were decrypted with a secret. */
  opened: number
  /** Blocks of the B-tree's file. */
  blocks: number
  /** Segments of the journal. */
  segments: number
  /** Journal entries that the next opening replays. */
  entries: number
  /**
   * The files in the store's folder that keep the blocks by which it has lost tokens before, such as
   * `records.damaged`. They say nothing of the store as it is now.
   */
  kept: string[]
}

/** What `repair` salvaged. */
export interface RepairReport extends Findings {
  /** The new store's folder. */
  path: string
  /** Records in the new store. */
  salvaged: number
  /** Records that were found, but whose later history may be lost in a gap in the journal. */
  doubtful: number
  /** Records that are known to have existed and cannot be read; `null` if nothing tells how many. */
  lost: number | null
  /** Salvaged records that were decrypted with a secret. */
  opened: number
}

/** What `compact` did. */
export interface CompactReport {
  /** Records in the B-tree. */
  records: number
  /** Size of the B-tree's file before, in bytes. */
  bytes_before: number
  /** Size of the B-tree's file now, in bytes. */
  bytes_after: number
}

/** A key domain: the tokens that were created under one secret. Nothing here is secret. */
export interface KeyDomain {
  /** Eight hexadecimal digits that identify the domain within the store. */
  fingerprint: string
  /** When it was created, in milliseconds since 1970; undefined if the clock was not set. */
  created_at_ms: number | undefined
  /** Whether one of the given secrets opens it. */
  opens: boolean
  /** The secrets that open it, oldest first. */
  slots: KeySlot[]
}

/** A secret that opens a domain. */
export interface KeySlot {
  /** Whether the domain was created for this secret; otherwise the secret replaced an older one. */
  own: boolean
  /** When the store was first opened with it, in milliseconds since 1970. */
  created_at_ms: number | undefined
  /** Whether it is one of the given secrets. */
  opens: boolean
}

const SECRET: OptionTable = { secret_key: optionKind('secret_key') }
const VERIFY: OptionTable = { ...PROGRESS, ...SECRET }
const REPAIR: OptionTable = {
  ...VERIFY,
  target: folder,
  keep_doubtful: { expected: 'true or false', isType: (value) => typeof value === 'boolean' },
}

/**
 * Verifies a store that no process has open, without changing a byte: the keyring, the journal, every
 * block and every record, and that they agree. The store may be one whose process was killed, or one
 * that does not open because it is damaged. Damage is reported as a finding, not as an error.
 * @throws TypeError, RangeError `ERR_CRUDJT_OPTION`, TypeError `ERR_CRUDJT_SECRET_KEY`
 * @throws CRUDJTError `ERR_CRUDJT_STORE_LOCKED` (a process has it open), `ERR_CRUDJT_PATH` (there is
 *   no store), `ERR_CRUDJT_VERSION`, `ERR_CRUDJT_STORAGE`
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  checkPath(path)
  options = checkOptions(options, VERIFY)
  const { findings, findingCount, ...counts } = await withProgress(options, (report) =>
    verifyStore(path, secretsOf(options), report).then(unwrap),
  )
  return { sound: findingCount === 0, ...counts, ...findingsOf(findings, findingCount) }
}

/**
 * Salvages every record whose newest state can be determined into a new store; the damaged store is
 * only read. Tokens and secrets stay the same, and no secret is needed. Dead tokens stay dead: where a
 * gap in the journal may hide the end of a token, its record is left out and counted as doubtful.
 * @throws what `verify` throws
 * @throws CRUDJTError `ERR_CRUDJT_PATH` (the target is not empty), `ERR_CRUDJT_DAMAGED` (no copy of
 *   the keyring can be read), `ERR_CRUDJT_FULL`
 */
export async function repair(path: string, options: RepairOptions = {}): Promise<RepairReport> {
  checkPath(path)
  options = checkOptions(options, REPAIR)
  const { target = '', keep_doubtful = false } = options
  const { findings, findingCount, ...counts } = await withProgress(options, (report) =>
    repairStore(path, secretsOf(options), target, keep_doubtful, report).then(unwrap),
  )
  return { ...counts, lost: counts.lost ?? null, ...findingsOf(findings, findingCount) }
}

/**
 * Compacts the B-tree's file of a store that no process has open. If the process is killed meanwhile,
 * the store is unchanged.
 * @throws TypeError `ERR_CRUDJT_OPTION`
 * @throws CRUDJTError `ERR_CRUDJT_STORE_LOCKED`, `ERR_CRUDJT_PATH`, `ERR_CRUDJT_VERSION`,
 *   `ERR_CRUDJT_DAMAGED` (repair it first), `ERR_CRUDJT_FULL`, `ERR_CRUDJT_STORAGE`
 */
export async function compact(path: string, options: CompactOptions = {}): Promise<CompactReport> {
  checkPath(path)
  options = checkOptions(options, PROGRESS)
  const compacted = await withProgress(options, (report) => compactStore(path, report).then(unwrap))
  const { records, bytesBefore, bytesAfter } = compacted
  return { records, bytes_before: bytesBefore, bytes_after: bytesAfter }
}

/**
 * Copies a store that no process has open into a folder that is missing or empty; `Store.backup` copies
 * a store in use. Everything is verified on the way, as by `verify`, and no secret is needed. The copy
 * is a complete store: to restore it, copy it back. A folder in which the copy was not completed says so
 * when it is opened.
 * @throws what `verify` throws
 * @throws CRUDJTError `ERR_CRUDJT_PATH` (the folder is not empty or cannot be made),
 *   `ERR_CRUDJT_DAMAGED` (the store is), `ERR_CRUDJT_FULL`
 */
export async function backup(
  path: string,
  target: string,
  options: BackupOptions = {},
): Promise<BackupReport> {
  checkPath(path)
  options = checkBackup(target, options, 'The second argument')
  return withProgress(options, (report) => backupStore(path, target, report).then(unwrap))
}

/**
 * Lists the key domains of a store, oldest first, and which secrets open each; never a key. Only reads,
 * and works on a store in use. When the newest secret opens every domain, the older ones can be dropped.
 * @throws TypeError `ERR_CRUDJT_OPTION`, `ERR_CRUDJT_SECRET_KEY`
 * @throws CRUDJTError `ERR_CRUDJT_PATH` (there is no store), `ERR_CRUDJT_DAMAGED` (no copy of the keyring
 *   can be read), `ERR_CRUDJT_VERSION`
 */
export async function keys(path: string, options: KeysOptions = {}): Promise<KeyDomain[]> {
  checkPath(path)
  options = checkOptions(options, SECRET)
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

function secretsOf({ secret_key }: KeysOptions): string[] {
  if (secret_key === undefined) return []
  return secretList(checkSecrets(secret_key))
}

function findingsOf(native: NativeFinding[], finding_count: number): Findings {
  const findings = native.map(({ kind, file, place, text }) => ({ kind, file, place, text }))
  return { findings, finding_count }
}
