/** The binding: the only module that imports it. */
import native = require('#native')

/** Where the parts of the scratch buffer begin, and how long the last and all of them are, in bytes. */
export const { DATA_OFFSET, LEAVES_OFFSET, NUMBERS_OFFSET, IMAGES_OFFSET } = native
export const { IMAGES_BYTES, SCRATCH_BYTES } = native

/** Opens a store of the engine; makes the outlines of a scratch buffer. */
export const { bindOutline, openStore } = native

/** What is done with a store as a whole. */
export const { backupStore, compactStore, repairStore, storeKeys, verifyStore } = native

/** An open store of the engine. */
export type NativeStore = native.NativeStore
/** The calls that go through the scratch buffer. */
export type Hot = native.Hot
/** The outlines of what lies in the scratch buffer. */
export type NativeOutline = native.Outline
/** How the engine is opened. */
export type NativeOptions = native.OpenOptions
/** What the engine counts. */
export type NativeStats = native.Stats
/** Something that is wrong with a store. */
export type NativeFinding = native.Finding
/** What a backup holds. */
export type NativeBackedUp = native.BackedUp
/** What a call off this thread comes to. */
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

/** Instead of a slot: none. */
export const NO_SLOT = -1
/** Instead of the upper half of a slot in the scratch header: it is none. */
export const NO_SLOT_HIGH = 0xffffffff
/** Instead of the lower half of what is none: the token was not read before. */
export const FIRST_READ_LOW = 0xffffffff
