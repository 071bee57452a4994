/**
 * Carries out the operations of batch streams, each number of a client once, and writes the replies
 * into the client's ledger.
 */
import { CRUDJTError } from '../../errors.js'
import { Kind, type OperationReader } from '../wire/batch-operation.js'
import type { InFlight } from '../wire/in-flight.js'
import { refusalOf } from '../wire/status.js'
import type { Counters } from './backups.js'
import type { ReplyLog } from './reply-log.js'
import type { StoreOperations } from './store-operations.js'

/** What is replied to an operation that was carried out but whose reply is no longer kept. */
const FORGOTTEN = new CRUDJTError(
  'ERR_CRUDJT_OUTCOME_UNKNOWN',
  'The connection was lost and the reply is no longer kept: whether the call was carried out is not known',
)

/** The operations of one master. */
export class OperationRunner {
  private readonly operations: StoreOperations
  private readonly inFlight: InFlight

  constructor(operations: StoreOperations, inFlight: InFlight) {
    this.operations = operations
    this.inFlight = inFlight
  }

  /** Carries an operation out, unless it was before. Never throws. */
  carry(ledger: ReplyLog, operation: OperationReader): void {
    const { number } = operation
    const past = ledger.take(number)
    if (past === 'new') this.begin(ledger, operation, number)
    else if (past === 'forgotten') refuse(ledger, number, FORGOTTEN)
    else if (past !== 'under way') ledger.writer.again(number, past)
  }

  private begin(ledger: ReplyLog, operation: OperationReader, number: number): void {
    try {
      switch (operation.kind) {
        case Kind.CREATE:
          this.create(ledger, operation, number)
          break
        case Kind.READ:
          this.read(ledger, operation, number)
          break
        case Kind.UPDATE:
          this.update(ledger, operation, number)
          break
        case Kind.DELETE:
          this.remove(ledger, operation, number)
          break
        default:
          this.rare(ledger, operation, number)
      }
    } catch (error) {
      refuse(ledger, number, error)
    }
  }

  private create(ledger: ReplyLog, operation: OperationReader, number: number): void {
    const token = this.operations.create(operation, operation.ttl, operation.reads)
    if (typeof token === 'string' && !operation.durable) ledger.writer.token(number, token)
    else {
      const write = (token: string) => ledger.writer.token(number, token)
      void this.later(ledger, number, token, operation.durable, write)
    }
  }

  private read(ledger: ReplyLog, operation: OperationReader, number: number): void {
    const found = (length: number) => {
      ledger.writer.data(number, length)
      return true
    }
    const answer = this.operations.read(operation.token, found, false)
    const write = (wasFound: boolean) => {
      if (!wasFound) ledger.writer.nothing(number)
    }
    if (typeof answer === 'boolean') write(answer)
    else void this.later(ledger, number, answer, false, write)
  }

  private update(ledger: ReplyLog, operation: OperationReader, number: number): void {
    const { token, ttl, reads, keep } = operation
    const done = this.operations.update(token, operation, ttl, reads, keep)
    this.replyResult(ledger, number, done, operation.durable)
  }

  private remove(ledger: ReplyLog, operation: OperationReader, number: number): void {
    this.replyResult(ledger, number, this.operations.remove(operation.token), operation.durable)
  }

  private replyResult(
    ledger: ReplyLog,
    number: number,
    done: boolean | Promise<boolean>,
    durable: boolean,
  ): void {
    if (typeof done === 'boolean' && !durable) ledger.writer.result(number, done)
    else {
      const write = (done: boolean) => ledger.writer.result(number, done)
      void this.later(ledger, number, done, durable, write)
    }
  }

  private rare(ledger: ReplyLog, { kind, token }: OperationReader, number: number): void {
    if (kind === Kind.FLUSH) {
      const write = () => ledger.writer.nothing(number)
      void this.later(ledger, number, this.operations.flush(), false, write)
    } else if (kind === Kind.STATS) {
      const write = (counters: Counters) => ledger.writer.counters(number, counters)
      void this.later(ledger, number, this.operations.stats(), false, write)
    } else if (kind === Kind.BACKUP) {
      if (token === '') ledger.writer.folder(number, this.operations.folder)
      else ledger.writer.counters(number, this.operations.backup(token))
    } else {
      const message = `This master does not know operation ${kind}`
      throw new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
    }
  }

  /** Replies when the answer is there and, if it is to be durable, on the medium. */
  private async later<T>(
    ledger: ReplyLog,
    number: number,
    answer: T | Promise<T>,
    durable: boolean,
    write: (answer: T) => void,
  ): Promise<void> {
    ledger.begin(number)
    this.inFlight.enter()
    try {
      const answered = await answer
      if (durable) await this.operations.flush()
      write(answered)
    } catch (error) {
      refuse(ledger, number, error)
    } finally {
      ledger.finish(number)
      this.inFlight.leave()
    }
  }
}

function refuse(ledger: ReplyLog, number: number, error: unknown): void {
  const { code, text } = refusalOf(error)
  ledger.writer.error(number, code, text)
}
