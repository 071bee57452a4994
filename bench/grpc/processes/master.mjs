/**
 * A master in a process of its own:  fork master.mjs DRIVER FOLDER PORT
 * Sends 'ready', and for every message the microseconds of processor time it has taken so far. Lives until
 * its parent lets go of it.
 */
import { DRIVERS } from './drivers.mjs'

const [name, folder, port] = process.argv.slice(2)
const { serve } = await DRIVERS[name]()
await serve(folder, Number(port))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send(user + system)
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send('ready')
