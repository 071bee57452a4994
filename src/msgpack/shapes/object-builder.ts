/**
 * Functions that build a caller's object in one go, of keys that are known when they are made. Building
 * an object by adding thirteen keys one after the other takes 240–320 ns, by such a function 18–80.
 */

import type { Shape } from './shape.js'
import { compile } from './v8.js'

/** Turns a kept value into the caller's own. */
export type Thaw = (value: unknown) => unknown

/** Builds an object of the values that stand in a row from a place of it on. */
export type ObjectBuilder = (
  values: readonly unknown[],
  from: number,
  revive: Thaw,
) => Record<string, unknown>

/** Instead of a value that all records have in common: each has its own. */
export const OWN = Symbol('own')

/** How often objects are built before a function is made for it. */
export const WORTH_COMPILING = 64
/** The most values that a function is made for. */
const MAX_WIDTH = 256
/** How many functions are made in all. */
const MAX_FUNCTIONS = 512

let functions = 0

/**
 * A function for objects of a shape.
 * @param common what each value is in all of them, or OWN: only those of their own stand in rows.
 *   No object is among them
 * @returns undefined where none can be made
 */
export function compileBuilder(
  shape: Shape,
  common: readonly unknown[],
): ObjectBuilder | undefined {
  if (functions === MAX_FUNCTIONS || shape.width > MAX_WIDTH) return undefined
  if (shape.keys.includes('__proto__')) return undefined
  functions++
  const names = common.map((_, i) => `c${i}`)
  const object = new Literal(common).of(shape)
  const body = `const [${names}] = common;
    return (values, from, revive) => { let v; return ${object} }`
  return compile<(common: readonly unknown[]) => ObjectBuilder>(['common'], body)?.(common)
}

/**
 * Calls such a function. Here, and having met two of them before anything is compiled (see below), so that
 * V8 builds none of them into its callers: it would do so into five functions on the way of a read, each
 * larger for it, and throw all five away when the next shape comes.
 */
export function callBuilder(
  maker: ObjectBuilder,
  values: readonly unknown[],
  from: number,
  revive: Thaw,
): Record<string, unknown> {
  return maker(values, from, revive)
}

const MEETINGS = 64
const one: ObjectBuilder = () => ({})
const other: ObjectBuilder = () => ({})
for (let i = 0; i < MEETINGS; i++) callBuilder(i % 2 === 0 ? one : other, [], 0, (value) => value)

/** What such a function does, key by key. */
export function buildStepwise(
  shape: Shape,
  values: readonly unknown[],
  from: number,
  revive: Thaw,
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  let at = from
  for (let i = 0; i < shape.keys.length; i++) {
    const inner = shape.inner[i]
    const value =
      inner === undefined ? revive(values[at]) : buildStepwise(inner, values, at, revive)
    at += inner === undefined ? 1 : inner.width
    put(object, shape.keys[i] as string, value)
  }
  return object
}

function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, ...PLAIN })
}

const PLAIN = { configurable: true, enumerable: true, writable: true }

/** The text of a literal. */
class Literal {
  private readonly common: readonly unknown[]
  private value = 0
  private place = 0

  constructor(common: readonly unknown[]) {
    this.common = common
  }

  of({ keys, inner }: Shape): string {
    const entries = keys.map((key, i) => {
      const shape = inner[i]
      return `${JSON.stringify(key)}: ${shape === undefined ? this.next() : this.of(shape)}`
    })
    return `{ ${entries.join()} }`
  }

  private next(): string {
    const i = this.value++
    if (this.common[i] !== OWN) return `c${i}`
    const value = `values[from + ${this.place++}]`
    return `typeof (v = ${value}) === 'object' && v !== null ? revive(v) : v`
  }
}
