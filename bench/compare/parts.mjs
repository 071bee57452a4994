/**
 * The parts of the bench, by name. A part has trials, each of one peer in fresh processes and a folder of
 * its own, and tables of what they yield.
 */
import { calls, cold } from './parts/calls.mjs'

export const PARTS = { calls, cold }
