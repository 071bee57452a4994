/** The binding: the only module that imports it. */
import native = require('#native')

/** Where data begins in the scratch buffer, and how long the buffer is, in bytes. */
export const { DATA_OFFSET, SCRATCH_BYTES } = native

/** Opens a store of the engine. */
export const { openStore } = native

/** An open store of the engine. */
export type NativeStore = native.NativeStore
/** The calls that go through the scratch buffer. */
export type Hot = native.Hot
/** How the engine is opened. */
export type NativeOptions = native.OpenOptions
/** What the engine counts. */
export type NativeStats = native.Stats
/** What a call off this thread comes to. */
export type Outcome<T> = native.Outcome<T>

/** A hot call's answer: the engine is over its budget and did nothing. */
export const BUSY = -3
/** A read's answer: the record still has the version that was named. */
export const UNCHANGED = -2
/** A read's answer: there is no such token. */
export const ABSENT = -1

/** The version of every record that was just created: versions count its changes from 1. */
export const FIRST_VERSION = 1
