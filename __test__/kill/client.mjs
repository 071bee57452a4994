// A client that works on the store of a master, and of the next one when that was killed.
// node client.mjs ORDERS: a file with the options of the connection and the number of lanes.
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { Store } from 'crudjt'
import { say, work } from './lanes.mjs'
import { lying } from './lies.mjs'

const { options, lie, ...rest } = JSON.parse(readFileSync(process.argv[2]))
process.on('disconnect', () => process.exit())
// The master is dead: whatever of its replies has arrived is told before the next one begins.
process.on('message', async () => {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
  say('drained')
})
const store = await Store.connect(options)
await work({ store: lying(store, lie), name: `${process.pid}.0`, ...rest })
