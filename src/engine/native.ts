/** The native binding. No other module imports it. */
import native = require('#native')

/** Offsets of the parts of the scratch buffer, the size of the last part and of the buffer, in bytes. */
export const { DATA_OFFSET, LEAVES_OFFSET, NUMBERS_OFFSET, IMAGES_OFFSET } = native
export const { IMAGES_BYTES, SCRATCH_BYTES } = native
/** The longest message that a session writes, in bytes. */
export const { MAX_REPLIES_BYTES } = native
/** How long a client may take to prove the access key, in milliseconds. */
export const { PROOF_TIME_MS } = native

/** Opens a store; binds the matcher of map shapes to a scratch buffer. */
export const { bindOutline, openStore } = native

/** Connects to a local socket; undefined on systems without one. */
export const connectCaller: typeof native.connectCaller | undefined = native.connectCaller

/** Maintenance of a whole store. */
export const { backupStore, compactStore, repairStore, storeKeys, verifyStore } = native

/** An open store of the engine. */
export type NativeStore = native.NativeStore
/** The sessions of a master, and one of them. */
export type NativeSessions = native.NativeSessions
export type NativeSession = native.NativeSession
/** A connection to a local socket whose calls block. */
export type NativeCaller = native.NativeCaller
/** The calls that pass data through the scratch buffer. */
export type Hot = native.Hot
/** The matcher of map shapes in the scratch buffer. */
export type NativeOutline = native.Outline
/** The options of `openStore`. */
export type NativeOptions = native.OpenOptions
/** The engine's counters. */
export type NativeStats = native.Stats
/** A finding of `verify` or `repair`. */
export type NativeFinding = native.Finding
/** The result of a backup. */
export type NativeBackedUp = native.BackedUp
/** The outcome of a call that runs off the JavaScript thread. */
export type Outcome<T> = native.Outcome<T>

/** Passed instead of a limit: the token has none. */
export const NO_LIMIT = -1
/** Passed instead of a limit that a Number cannot hold: it is in the scratch header. */
export const EXACT_LIMIT = -2

/** Returned by a call: the engine is over its memory budget and did nothing. */
export const BUSY = -3
/** Returned by a read: there is no such token. */
export const ABSENT = -1
/** Returned by a read: the record still has the version that is cached; the header says where. */
export const UNCHANGED = -2
/** Returned by a read, less a slot: the record cached there has that version, and no limits. */
export const UNCHANGED_SLOT = -16

/** What comes next in a session: nothing, more to do, more to do once woken. */
export const SessionState = { IDLE: 0, MORE: 1, WAITING: 2 } as const

/** Instead of a slot: none. */
export const NO_SLOT = -1
/** Instead of the upper half of a slot in the scratch header: it is none. */
export const NO_SLOT_HIGH = 0xffffffff
/** Instead of the lower half of what is none: the token was not read before. */
export const FIRST_READ_LOW = 0xffffffff
/** The same: the record must not be cached. */
export const OCCUPIED_LOW = 0xfffffffd
