/**
 * What maps look like: their keys, the maps inside of them, and a function that builds the whole
 * object in one go. Building an object by adding thirteen keys one after the other takes 240–320 ns,
 * by a function made for these keys 18–80.
 *
 * The values of a map and of the maps inside of it that its shape foresees lie in one flat row, in
 * the order of the keys. Invariant: a shape never changes what it foresees.
 */
import { compile } from './codegen.js'

/** Turns a kept value into the caller's own. */
export type Revive = (value: unknown) => unknown

type Maker = (values: readonly unknown[], from: number, revive: Revive) => Record<string, unknown>

/** How often a shape is built before a function is made for it. */
const WORTH_COMPILING = 64
/** The most values that a function is made for. */
const MAX_WIDTH = 256
/** How many functions are made in all. */
const MAX_FUNCTIONS = 512

let functions = 0

/** The keys of a map, in their order, and the shapes of the maps inside of it. */
export class Shape {
  readonly keys: readonly string[]
  /** For each key the shape of the map that is its value; undefined for other values. */
  readonly inner: readonly (Shape | undefined)[]
  /** How many values its row has. */
  readonly width: number
  private uses = 0
  private maker: Maker | undefined = undefined

  constructor(keys: readonly string[], inner: readonly (Shape | undefined)[]) {
    this.keys = keys
    this.inner = inner
    this.width = keys.reduce((sum, _, i) => sum + (inner[i]?.width ?? 1), 0)
  }

  /** Builds the caller's object of the kept values that stand in a row from a place of it on. */
  make(values: readonly unknown[], from: number, revive: Revive): Record<string, unknown> {
    if (this.maker !== undefined) return this.maker(values, from, revive)
    if (++this.uses === WORTH_COMPILING) this.compile()
    return makeStepwise(this, values, from, revive)
  }

  private compile(): void {
    if (functions === MAX_FUNCTIONS || this.width > MAX_WIDTH) return
    if (this.keys.includes('__proto__')) return
    functions++
    this.maker = compile(['values', 'from', 'revive'], `let v; return ${literal(this, 0)}`)
  }
}

/** Whether two shapes have the same keys, whatever is inside. */
export function sameKeys(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, i) => key === other[i])
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
