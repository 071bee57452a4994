/**
 * Runs the operations of batch streams, each number of a client exactly once, and writes the replies to
 * the client's reply log.
 */
import { CRUDJTError } from '../../errors.js'
import { Kind, type OperationReader } from '../wire/batch-operation.js'
import type { InFlight } from '../wire/in-flight.js'
import { statusErrorOf } from '../wire/status.js'
import type { Counters } from './backups.js'
import type { ReplyLog } from './reply-log.js'
import type { StoreOperations } from './store-operations.js'

/** The reply to a retransmitted operation whose reply has been evicted. */
const EVICTED = new CRUDJTError(
  'ERR_CRUDJT_OUTCOME_UNKNOWN',
  'The connection was lost and the reply is no longer retained: it is unknown whether the call was executed',
)

/** Runs the operations of all clients of a master. */
export class OperationRunner {
  constructor(
    private readonly operations: StoreOperations,
    private readonly inFlight: InFlight,
  ) {}

  /** Runs an operation, unless it is a retransmission. Never throws. */
  run(log: ReplyLog, operation: OperationReader): void {
    const { number } = operation
    const outcome = log.admit(number)
    if (outcome === 'new') this.start(log, operation, number)
    else if (outcome === 'evicted') fail(log, number, EVICTED)
    else if (outcome !== 'pending') log.writer.copy(number, outcome)
  }

  private start(log: ReplyLog, operation: OperationReader, number: number): void {
    try {
      switch (operation.kind) {
        case Kind.CREATE:
          this.create(log, operation, number)
          break
        case Kind.READ:
          this.read(log, operation, number)
          break
        case Kind.UPDATE:
          this.update(log, operation, number)
          break
        case Kind.DELETE:
          this.remove(log, operation, number)
          break
        default:
          this.runRare(log, operation, number)
      }
    } catch (error) {
      fail(log, number, error)
    }
  }

  private create(log: ReplyLog, operation: OperationReader, number: number): void {
    const token = this.operations.create(operation, operation.ttl, operation.reads)
    if (typeof token === 'string' && !operation.durable) log.writer.token(number, token)
    else {
      const write = (token: string) => log.writer.token(number, token)
      void this.replyLater(log, number, token, operation.durable, write)
    }
  }

  private read(log: ReplyLog, operation: OperationReader, number: number): void {
    const found = (length: number) => {
      log.writer.data(number, length)
      return true
    }
    const result = this.operations.read(operation.token, found, false)
    const write = (wasFound: boolean) => {
      if (!wasFound) log.writer.empty(number)
    }
    if (typeof result === 'boolean') write(result)
    else void this.replyLater(log, number, result, false, write)
  }

  private update(log: ReplyLog, operation: OperationReader, number: number): void {
    const { token, ttl, reads, keep } = operation
    const result = this.operations.update(token, operation, ttl, reads, keep)
    this.replyResult(log, number, result, operation.durable)
  }

  private remove(log: ReplyLog, operation: OperationReader, number: number): void {
    this.replyResult(log, number, this.operations.remove(operation.token), operation.durable)
  }

  private replyResult(
    log: ReplyLog,
    number: number,
    result: boolean | Promise<boolean>,
    durable: boolean,
  ): void {
    if (typeof result === 'boolean' && !durable) log.writer.result(number, result)
    else {
      const write = (result: boolean) => log.writer.result(number, result)
      void this.replyLater(log, number, result, durable, write)
    }
  }

  private runRare(log: ReplyLog, { kind, token }: OperationReader, number: number): void {
    if (kind === Kind.FLUSH) {
      const write = () => log.writer.empty(number)
      void this.replyLater(log, number, this.operations.flush(), false, write)
    } else if (kind === Kind.STATS) {
      const write = (counters: Counters) => log.writer.counters(number, counters)
      void this.replyLater(log, number, this.operations.stats(), false, write)
    } else if (kind === Kind.BACKUP) {
      if (token === '') log.writer.folder(number, this.operations.folder)
      else log.writer.counters(number, this.operations.backup(token))
    } else {
      const message = `This master does not support operation kind ${kind}: upgrade it`
      throw new CRUDJTError('ERR_CRUDJT_UNSUPPORTED', message)
    }
  }

  /** Replies when the result is available and, if `durable`, synced to disk. */
  private async replyLater<T>(
    log: ReplyLog,
    number: number,
    result: T | Promise<T>,
    durable: boolean,
    write: (result: T) => void,
  ): Promise<void> {
    log.begin(number)
    this.inFlight.enter()
    try {
      const value = await result
      if (durable) await this.operations.flush()
      write(value)
    } catch (error) {
      fail(log, number, error)
    } finally {
      log.finish(number)
      this.inFlight.leave()
    }
  }
}

function fail(log: ReplyLog, number: number, error: unknown): void {
  const { code, text } = statusErrorOf(error)
  log.writer.error(number, code, text)
}
