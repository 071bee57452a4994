/**
 * A master in a process of its own:  fork master.mjs FOLDER PORT OPTIONS
 * Sends 'ready', and the answer to each question. Lives until its parent lets go of it.
 */
import { LIFETIME } from '../grpc/terms.mjs'
import { makeRecord, number } from '../record.mjs'
import { serve } from './drivers.mjs'

const CREATES = 100_000

const [folder, port, options] = process.argv.slice(2)
const { create } = await serve(folder, Number(port), JSON.parse(options))
const member = makeRecord('member')

const ANSWERS = {
  /** Microseconds of processor time so far. */
  processor: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  /** Calls a second of creates of its own. */
  creates: async () => {
    const begin = performance.now()
    for (let i = 0; i < CREATES; i++) await create(number(member, i), LIFETIME)
    return (CREATES * 1000) / (performance.now() - begin)
  },
  /** Keeps the event loop busy. */
  block: () => {
    const end = performance.now() + 700
    while (performance.now() < end);
    return true
  },
}

process.on('message', async (question) => process.send(await ANSWERS[question]()))
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send('ready')
