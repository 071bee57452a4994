/**
 * What maps look like: their keys, packed to be recognised without decoding, the maps inside of
 * them, and a function that builds the whole object in one go. Building an object by adding thirteen
 * keys one after the other takes 240–320 ns, by a function made for these keys 18–80.
 *
 * The values of a map and of the maps inside of it that its shape foresees lie in one flat row, in
 * the order of the keys. Invariants: a shape never changes what it foresees; only distinct, short
 * keys, none of them `__proto__`, are ever recognised by their bytes.
 */
import { compile } from './codegen.js'
import * as scratch from './scratch.js'

const { view } = scratch

/** Turns a kept value into the caller's own. */
export type Revive = (value: unknown) => unknown

type Maker = (values: readonly unknown[], from: number, revive: Revive) => Record<string, unknown>

/** How often a shape is built before a function is made for it. */
const WORTH_COMPILING = 64
/** How many functions are made in all. */
const MAX_FUNCTIONS = 512
/** A recognisable map has at most so many keys, and a key so many bytes: a header of one byte. */
const MAX_KEYS = 64
const MAX_KEY_BYTES = 31

const NO_WORDS = new Int32Array(0)

let functions = 0

/** The keys of a map, in their order, and the shapes of the maps inside of it. */
export class Shape {
  readonly keys: readonly string[]
  /** For each key the shape of the map that is its value; undefined for other values. */
  readonly inner: readonly (Shape | undefined)[]
  /** How many values its row has. */
  readonly width: number
  /** How many bytes each packed key takes. Empty for a shape that is not recognised by its bytes. */
  readonly lengths: Int32Array = NO_WORDS
  private readonly starts: Int32Array = NO_WORDS
  private readonly words: Int32Array = NO_WORDS
  private readonly masks: Int32Array = NO_WORDS
  private uses = 0
  private maker: Maker | undefined = undefined

  /** @param packed the keys as they are packed; empty if it is not to be recognised */
  constructor(
    keys: readonly string[],
    inner: readonly (Shape | undefined)[],
    packed: readonly Buffer[] = [],
  ) {
    this.keys = keys
    this.inner = inner
    this.width = keys.reduce((sum, _, i) => sum + (inner[i]?.width ?? 1), 0)
    if (packed.length === 0) return
    this.lengths = Int32Array.from(packed, (key) => key.length)
    this.starts = startsOf(packed)
    this.words = wordsOf(packed)
    this.masks = wordsOf(packed.map((key) => Buffer.alloc(key.length, 0xff)))
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

  /** Builds the caller's object of the kept values that stand in a row from a place of it on. */
  make(values: readonly unknown[], from: number, revive: Revive): Record<string, unknown> {
    if (this.maker !== undefined) return this.maker(values, from, revive)
    if (++this.uses === WORTH_COMPILING && this.lengths !== NO_WORDS) this.compile()
    return makeStepwise(this, values, from, revive)
  }

  private compile(): void {
    if (functions === MAX_FUNCTIONS) return
    functions++
    this.maker = compile(['values', 'from', 'revive'], `let v; return ${literal(this, 0)}`)
  }
}

/** A shape that is recognised by its bytes; undefined if these keys can't be. */
export function recognisable(
  keys: readonly string[],
  inner: readonly (Shape | undefined)[],
): Shape | undefined {
  if (keys.length === 0 || keys.length > MAX_KEYS) return undefined
  if (keys.includes('__proto__') || new Set(keys).size !== keys.length) return undefined
  const packed = keys.map((key) => Buffer.from(` ${key}`))
  if (packed.some((key) => key.length > MAX_KEY_BYTES + 1)) return undefined
  for (const key of packed) key[0] = 0xa0 | (key.length - 1)
  return new Shape(keys, inner, packed)
}

function wordCount(key: Buffer): number {
  return Math.ceil(key.length / 4)
}

function startsOf(packed: readonly Buffer[]): Int32Array {
  let sum = 0
  return Int32Array.from([0, ...packed.map((key) => (sum += wordCount(key)))])
}

/** Packed keys as big-endian words, the last one of each filled up with zeros. */
function wordsOf(packed: readonly Buffer[]): Int32Array {
  const filled = packed.map((key) => Buffer.concat([key], wordCount(key) * 4))
  const all = Buffer.concat(filled)
  return Int32Array.from({ length: all.length / 4 }, (_, i) => all.readInt32BE(i * 4))
}

/** The literal that builds an object of a row of values, from one place of it on. */
function literal(shape: Shape, from: number): string {
  let at = from
  const entries = shape.keys.map((key, i) => {
    const inner = shape.inner[i]
    const value = inner === undefined ? own(at) : literal(inner, at)
    at += inner?.width ?? 1
    return `${JSON.stringify(key)}: ${value}`
  })
  return `{ ${entries.join()} }`
}

function own(at: number): string {
  return `typeof (v = values[from + ${at}]) === 'object' && v !== null ? revive(v) : v`
}

function makeStepwise(
  shape: Shape,
  values: readonly unknown[],
  from: number,
  revive: Revive,
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  let at = from
  for (let i = 0; i < shape.keys.length; i++) {
    const inner = shape.inner[i]
    const value = inner === undefined ? revive(values[at]) : makeStepwise(inner, values, at, revive)
    at += inner === undefined ? 1 : inner.width
    put(object, shape.keys[i] as string, value)
  }
  return object
}

function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, ...OWN })
}

const OWN = { configurable: true, enumerable: true, writable: true }
