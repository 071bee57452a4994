/**
 * A master in a process of its own:  fork master.mjs FOLDER PORT
 * Sends 'ready', and the answer to each question. Lives until its parent lets go of it.
 */
import { serve } from './drivers.mjs'

const [folder, port] = process.argv.slice(2)
await serve(folder, Number(port))

const ANSWERS = {
  /** Microseconds of processor time so far. */
  processor: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  /** Keeps the event loop busy. */
  block: () => {
    const end = performance.now() + 700
    while (performance.now() < end);
    return true
  },
}

process.on('message', (question) => process.send(ANSWERS[question]()))
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send('ready')
