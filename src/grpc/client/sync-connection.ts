/**
 * A connection whose calls block: its greeting with the proof of the access key, and its messages. What
 * the event loop does for a stream is done here by waiting.
 */
import type { NativeCaller } from '../../engine/native.js'
import {
  CHALLENGE,
  CLIENT_GOODBYE_MESSAGE,
  readChallenge,
  readWelcome,
  VERSION,
  WELCOME,
  type Welcome,
  writeHello,
  writeProof,
} from '../wire/batch-messages.js'
import { DELIMITED, MALFORMED, ProtobufReader, tagOf } from '../wire/protobuf.js'
import { AccessProof } from './access-proof.js'
import type { MasterAddress } from './connection.js'
import { accessNotProven, accessRefused, versionMismatch } from './connection-errors.js'

/** A connection on which nothing more will come, or from which nothing has come in time. */
export class NoMessage extends Error {
  /** @param isLost whether the connection is lost */
  constructor(readonly isLost: boolean) {
    super('no message')
  }
}

/** An open connection. */
export class SyncConnection {
  private constructor(
    private readonly caller: NativeCaller,
    private readonly out: Buffer,
    /** What the master said first. */
    readonly welcome: Welcome,
  ) {}

  /**
   * Greets a master.
   * @param out room for its messages
   * @throws NoMessage; CRUDJTError `ERR_CRUDJT_UNAUTHENTICATED`, `ERR_CRUDJT_VERSION`
   */
  static open(
    caller: NativeCaller,
    out: Buffer,
    client: Buffer,
    address: MasterAddress,
  ): SyncConnection {
    const proof = new AccessProof(address.accessKey, client)
    send(caller, writeHello({ version: VERSION, client, nonce: proof.nonce }))
    const welcome = greeted(caller, out, proof, address)
    if (!proof.accepts(welcome.proof)) throw accessNotProven(address)
    if (welcome.version !== VERSION) throw versionMismatch(address, welcome.version)
    return new SyncConnection(caller, out, welcome)
  }

  /** @throws NoMessage */
  send(message: Buffer): void {
    send(this.caller, message)
  }

  /** The next message, which stays valid until the one after it. @throws NoMessage */
  receive(): Buffer {
    return receive(this.caller, this.out)
  }

  /** Closes it; the master forgets the client. */
  goodbye(): void {
    this.caller.send(CLIENT_GOODBYE_MESSAGE)
    this.caller.close()
  }

  /** Closes it. */
  close(): void {
    this.caller.close()
  }
}

function greeted(
  caller: NativeCaller,
  out: Buffer,
  proof: AccessProof,
  address: MasterAddress,
): Welcome {
  for (let isChallenged = false; ; isChallenged = true) {
    const first = firstMessage(caller, out, isChallenged ? accessRefused(address) : undefined)
    const tag = first.tag()
    if (tag === tagOf(WELCOME, DELIMITED)) return readWelcome(first.slice())
    if (tag !== tagOf(CHALLENGE, DELIMITED)) throw MALFORMED
    send(caller, writeProof(proof.answer(readChallenge(first.slice()))))
  }
}

/** @param refusal what it means that the master ends the connection */
function firstMessage(
  caller: NativeCaller,
  out: Buffer,
  refusal: Error | undefined,
): ProtobufReader {
  try {
    return new ProtobufReader(receive(caller, out))
  } catch (error) {
    const isRefused = error instanceof NoMessage && error.isLost && refusal !== undefined
    throw isRefused ? refusal : error
  }
}

function send(caller: NativeCaller, message: Buffer): void {
  const sent = caller.send(message)
  if (sent !== 0) throw new NoMessage(sent === -1)
}

function receive(caller: NativeCaller, out: Buffer): Buffer {
  const length = caller.receive(out)
  if (length < 0) throw new NoMessage(length === -1)
  return out.subarray(0, length)
}
