/**
 * A client's side of the proof of the access key on one stream: both sides show an HMAC over random bytes
 * of both, and neither sends the key. `crates/crudjt-session/src/proof.rs` is the master's side.
 *
 * Invariants: until the master has proved the key, a client that has one sends its greeting and its proof
 * and nothing else; it gives one proof a stream, over random bytes that are new.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { NONCE_BYTES } from '../wire/batch-messages.js'
import { MALFORMED } from '../wire/protobuf.js'

/** What begins the message under each side's proof. */
const CLIENT = 'crudjt client'
const MASTER = 'crudjt master'

/** The proof on one stream. */
export class AccessProof {
  /** The client's random bytes; undefined without an access key. */
  readonly nonce: Buffer | undefined
  private masterNonce: Buffer | undefined

  /**
   * @param accessKey undefined: every master is accepted
   * @param client the client's id
   */
  constructor(
    private readonly accessKey: string | undefined,
    private readonly client: Buffer,
  ) {
    this.nonce = accessKey === undefined ? undefined : randomBytes(NONCE_BYTES)
  }

  /**
   * The client's proof.
   * @param masterNonce the random bytes of the master's challenge
   * @throws MALFORMED for a second challenge, one without a nonce, or one that was not asked for
   */
  answer(masterNonce: Buffer): Buffer {
    const isExpected = this.nonce !== undefined && this.masterNonce === undefined
    if (!isExpected || masterNonce.length !== NONCE_BYTES) throw MALFORMED
    this.masterNonce = masterNonce
    return this.sign(CLIENT)
  }

  /** Whether the master has the key. @param proof what it sent as its proof */
  accepts(proof: Buffer): boolean {
    if (this.accessKey === undefined) return true
    if (this.masterNonce === undefined) return false
    const expected = this.sign(MASTER)
    return proof.length === expected.length && timingSafeEqual(proof, expected)
  }

  private sign(label: string): Buffer {
    const hmac = createHmac('sha256', this.accessKey as string)
    for (const part of [label, this.nonce, this.masterNonce, this.client]) hmac.update(part ?? '')
    return hmac.digest()
  }
}
