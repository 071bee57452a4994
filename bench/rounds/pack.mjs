/**
 * What msgpackr takes to pack the record, in a process that does nothing else: the measure of the machine.
 * node pack.mjs COUNT   Prints microseconds a record.
 */
import { packMicroseconds } from '../record.mjs'

console.log(JSON.stringify({ pack: packMicroseconds(Number(process.argv[2])) }))
