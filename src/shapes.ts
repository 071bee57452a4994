/**
 * What maps were seen before: their keys as packed bytes, to recognise them without decoding, and a
 * function that builds the object in one go. Building by adding thirteen keys one after the other
 * takes 240–320 ns, by a function made for these keys 18–80.
 *
 * A map is looked up by its number of keys and the first bytes of the first one. Invariants: only a
 * shape of distinct, short keys, none of them `__proto__`, is learned; how many shapes and functions
 * are kept is bounded, however many different maps come by.
 */
import { compile } from './codegen.js'
import * as scratch from './scratch.js'

const { view } = scratch

/** Turns a kept value into the caller's own. */
export type Revive = (value: unknown) => unknown

type Maker = (values: readonly unknown[], revive: Revive) => Record<string, unknown>

/** How many shapes are kept; a power of two. */
const SLOTS = 256
/** A slot takes a new shape with every so many maps that don't fit the one it has. */
const PATIENCE = 8
/** How often a shape is built before a function is made for it. */
const WORTH_COMPILING = 64
/** How many functions are made in all. */
const MAX_FUNCTIONS = 512
/** A learned shape has at most so many keys, and a key so many bytes: a header of one byte. */
const MAX_KEYS = 64
const MAX_KEY_BYTES = 31

let functions = 0

const NO_WORDS = new Int32Array(0)

/** The keys of a map, in their order. */
export class Shape {
  readonly keys: readonly string[]
  /** How many bytes each key takes, its header included; empty until learned. */
  lengths = NO_WORDS
  private words = NO_WORDS
  private masks = NO_WORDS
  private starts = NO_WORDS
  private uses = 0
  private maker: Maker | undefined = undefined

  constructor(keys: readonly string[]) {
    this.keys = keys
  }

  /** Builds the caller's object of kept values. */
  make(values: readonly unknown[], revive: Revive): Record<string, unknown> {
    if (this.maker !== undefined) return this.maker(values, revive)
    if (this.lengths !== NO_WORDS && ++this.uses === WORTH_COMPILING) this.compile()
    return makeStepwise(this.keys, values, revive)
  }

  /** Whether the i-th key stands, packed, at a position of the scratch buffer. */
  stands(i: number, at: number): boolean {
    const { words, masks } = this
    const end = this.starts[i + 1] as number
    let p = at
    for (let w = this.starts[i] as number; w < end; w++) {
      if ((view.getInt32(p) & (masks[w] as number)) !== words[w]) return false
      p += 4
    }
    return true
  }

  /** Prepares `stands`; false if these keys are not to be learned. */
  learn(): boolean {
    const packed = this.keys.map((key) => Buffer.from(` ${key}`))
    if (!learnable(this.keys, packed)) return false
    for (const key of packed) key[0] = 0xa0 | (key.length - 1)
    const starts = [0]
    for (const key of packed) starts.push((starts.at(-1) as number) + Math.ceil(key.length / 4))
    this.starts = Int32Array.from(starts)
    this.words = Int32Array.from(packed.flatMap((key) => wordsOf(key)))
    this.masks = Int32Array.from(packed.flatMap((key) => wordsOf(Buffer.alloc(key.length, 0xff))))
    this.lengths = Int32Array.from(packed.map((key) => key.length))
    return true
  }

  private compile(): void {
    if (functions === MAX_FUNCTIONS) return
    functions++
    const body = `let v; return { ${this.keys.map(entry).join()} }`
    this.maker = compile<Maker>(['values', 'revive'], body)
  }
}

/** One property of the literal that a function builds. */
function entry(key: string, i: number): string {
  const value = `typeof (v = values[${i}]) === 'object' && v !== null ? revive(v) : v`
  return `${JSON.stringify(key)}: ${value}`
}

function learnable(keys: readonly string[], packed: readonly Buffer[]): boolean {
  if (keys.length > MAX_KEYS || new Set(keys).size !== keys.length) return false
  return !keys.includes('__proto__') && packed.every((key) => key.length <= MAX_KEY_BYTES + 1)
}

/** Bytes as big-endian words, the last one filled up with zeros. */
function wordsOf(packed: Buffer): number[] {
  const filled = Buffer.alloc(Math.ceil(packed.length / 4) * 4)
  packed.copy(filled)
  return Array.from({ length: filled.length / 4 }, (_, i) => filled.readInt32BE(i * 4))
}

function makeStepwise(
  keys: readonly string[],
  values: readonly unknown[],
  revive: Revive,
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < keys.length; i++) {
    const kept = values[i]
    const value = typeof kept === 'object' && kept !== null ? revive(kept) : kept
    const key = keys[i] as string
    if (key === '__proto__') defineOwn(object, key, value)
    else object[key] = value
  }
  return object
}

function defineOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

const table: (Shape | undefined)[] = new Array(SLOTS).fill(undefined)
const misfits = new Uint8Array(SLOTS)

/** Where the shape of a map would be whose first key stands at a position. */
export function slotOf(count: number, at: number): number {
  const hash = Math.imul(view.getInt32(at) ^ count, 0x9e3779b1)
  return (hash >>> 16) & (SLOTS - 1)
}

/** The shape in a slot, if it has as many keys. */
export function shapeIn(slot: number, count: number): Shape | undefined {
  const shape = table[slot]
  return shape !== undefined && shape.keys.length === count ? shape : undefined
}

/** Tells that a map didn't fit the slot it falls into: every now and then its shape is learned. */
export function misfit(slot: number, shape: Shape): void {
  misfits[slot] = ((misfits[slot] as number) + 1) % PATIENCE
  if ((misfits[slot] === 0 || table[slot] === undefined) && shape.learn()) table[slot] = shape
}
