/** The errors of a connection; each names the master's address. */
import { CRUDJTError } from '../../errors.js'
import type { Link, MasterAddress } from './connection.js'

/** No connection; the call was not sent. */
export function unavailable(link: Link): CRUDJTError {
  const { address, connection } = link
  const message = `No master can be reached at ${address}${withinDeadline(link)}: ${connection.reason}`
  return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
}

/** Something other than a master answered. */
export function notMaster({ address }: MasterAddress): CRUDJTError {
  const message = `The server at ${address} is not a CRUDJT master`
  return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
}

/** The master does not accept the access key of the client, or that it has none. */
export function accessRefused({ address, accessKey }: MasterAddress): CRUDJTError {
  const reason =
    accessKey === undefined ? 'requires an access key' : 'has another access key than this client'
  const message = `The master at ${address} ${reason}: set access_key to the key of the master`
  return new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', message)
}

/** The server did not prove the access key; the call was not sent to it. */
export function accessNotProven({ address }: MasterAddress): CRUDJTError {
  const message = `The server at ${address} did not prove that it has the access key, so no call was sent to it: start the master with the same access_key, or find out which other program listens there`
  return new CRUDJTError('ERR_CRUDJT_UNAUTHENTICATED', message)
}

/** The call was sent, and no reply came within the deadline. */
export function deadlineExceeded({ address, timeout }: MasterAddress): CRUDJTError {
  const message = `The master at ${address} did not answer within ${timeout} ms: it is unknown whether the call was executed`
  return new CRUDJTError('ERR_CRUDJT_DEADLINE', message)
}

/** The connection was lost after the call was sent. */
export function connectionLost({ address }: MasterAddress): CRUDJTError {
  const message = `The connection to the master at ${address} was lost: it is unknown whether the call was executed`
  return new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message)
}

/** The master speaks another version of the batch protocol. */
export function versionMismatch({ address }: MasterAddress, version: number): CRUDJTError {
  const message = `The master at ${address} speaks version ${version} of the batch protocol, which this version of crudjt does not support: upgrade crudjt`
  return new CRUDJTError('ERR_CRUDJT_VERSION', message)
}

/** Nobody has answered on the local socket of the master; the call was not sent. */
export function noLocalSocket(link: MasterAddress): CRUDJTError {
  const message = `No local socket of a master at ${link.address} answered${withinDeadline(link)}: start the master, or use the promise form, which also reaches one without a local socket`
  return new CRUDJTError('ERR_CRUDJT_UNAVAILABLE', message)
}

/** The instance of the master that has been sent the call is gone. */
export function restarted({ address }: Pick<MasterAddress, 'address'>): CRUDJTError {
  const message = `The master at ${address} was restarted: it is unknown whether the call was executed`
  return new CRUDJTError('ERR_CRUDJT_OUTCOME_UNKNOWN', message)
}

function withinDeadline({ timeout, failFast }: MasterAddress): string {
  return failFast ? '' : ` within ${timeout} ms`
}
