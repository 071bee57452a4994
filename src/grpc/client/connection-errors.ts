/** The errors that are particular to a connection, each naming the master's address. */
import { CRUDJTError } from '../../errors.js'
import type { Link } from './link.js'

/** Nothing could be sent in time. */
export function unavailable({ address, timeout, connection }: Link): CRUDJTError {
  const message = `No master can be reached at ${address} within ${timeout} ms: ${connection.reason}`
  return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
}

/** Something else than a master has answered. */
export function noMaster({ address }: Link): CRUDJTError {
  return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', `What answers at ${address} is no CRUDJT master`)
}

/** The master was reached but has not answered in time. */
export function tooLate({ address, timeout }: Link): CRUDJTError {
  const message = `The master at ${address} has not answered within ${timeout} ms: whether the call was carried out is not known`
  return new CRUDJTError('ERR_CRUDJT_DEADLINE', message)
}

/** The connection was lost after the call was sent. */
export function lost({ address }: Link): CRUDJTError {
  const message = `The connection to the master at ${address} was lost: whether the call was carried out is not known`
  return new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message)
}

/** The master speaks another version of the batch stream. */
export function newer({ address }: Link, version: number): CRUDJTError {
  const message = `The master at ${address} speaks version ${version} of the batch stream, which this crudjt does not know: use a newer one`
  return new CRUDJTError('ERR_CRUDJT_VERSION', message)
}
