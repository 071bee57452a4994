// Says which signal asked it to stop, and never does. node signals.mjs TIME…: what its clock tells.
import { stopSignal } from '../../../build/src/cli/server/signals.js'

const times = process.argv.slice(2).map(Number)
const asked = stopSignal(() => times.shift())
setInterval(() => {}, 1000)
process.send('ready')
process.send(await asked)
