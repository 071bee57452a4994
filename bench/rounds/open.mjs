/**
 * Opens a store and dies of SIGKILL without closing it, so that its next opening is one after a kill. All its
 * tokens were written back when it was last closed: there is nothing to replay.
 * node open.mjs FOLDER   Prints how many milliseconds opening took.
 */
import { writeSync } from 'node:fs'
import { Store } from 'crudjt'
import { SECRET_KEY } from './common.mjs'

const begin = performance.now()
await Store.open({ path: process.argv[2], secret_key: SECRET_KEY })
const open = performance.now() - begin

writeSync(1, JSON.stringify({ open }))
process.kill(process.pid, 'SIGKILL')
