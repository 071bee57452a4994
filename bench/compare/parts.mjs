/**
 * The parts of the bench, by name. A part has trials, each of one peer in fresh processes and a folder of
 * its own, and tables of what they yield.
 */
import { calls, cold } from './parts/calls.mjs'
import { disk } from './parts/disk.mjs'
import { grpc } from './parts/grpc.mjs'
import { installed } from './parts/installed.mjs'
import { huge, large } from './parts/many.mjs'
import { busy, mixes } from './parts/mix.mjs'
import { rust } from './parts/rust.mjs'
import { workers } from './parts/workers.mjs'

/** In the order in which they run. */
export const ALL_PARTS = [
  calls,
  cold,
  ...mixes,
  busy,
  large,
  workers,
  disk,
  grpc,
  installed,
  rust,
  huge,
]

/** The names by which parts are chosen. */
export const PART_NAMES = [...new Set(ALL_PARTS.map(({ name, group = name }) => group))]

/** @param {string[]} names */
export const partsNamed = (names) =>
  ALL_PARTS.filter(({ name, group = name }) => names.includes(group))
