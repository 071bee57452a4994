/** A store in this process, through promises, Sync calls and the process-wide CRUDJT. */
import { behave } from './suite.js'
import { facade, promises, syncCalls } from './variants.js'

for (const variant of [promises, syncCalls, facade]) behave(variant)
