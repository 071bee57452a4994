/** Proofs that a call was refused in the right way. */
import type { ExecutionContext } from 'ava'
import { CRUDJTError, type ErrorCode } from 'crudjt'

/** What an error must be. */
export interface Refusal {
  /** TypeError, RangeError or CRUDJTError. */
  readonly is: new (
    ...args: never[]
  ) => Error
  readonly code: ErrorCode
  /** What the text must contain, or match. */
  readonly says?: string | RegExp
}

/** Proves that a call rejects with a certain error, and gives that error. */
export async function refuses(
  t: ExecutionContext,
  call: () => Promise<unknown>,
  { is, code, says }: Refusal,
  about = '',
): Promise<Error> {
  const error = await t.throwsAsync(call, { instanceOf: is }, `${about} is refused`)
  t.is((error as { code?: string } | undefined)?.code, code, about)
  if (typeof says === 'string') t.true(error?.message.includes(says), `${about}: ${error?.message}`)
  if (says instanceof RegExp) t.regex(error?.message ?? '', says, about)
  return error as Error
}

/** Data that is no plain object. */
export const notAHash: Refusal = {
  is: TypeError,
  code: 'ERR_CRUDJT_DATA',
  says: 'Must be a Hash (Object)',
}

/** A call before a start or after the end. */
export const notStarted: Refusal = {
  is: CRUDJTError,
  code: 'ERR_CRUDJT_NOT_STARTED',
  says: 'CRUDJT has not started',
}
