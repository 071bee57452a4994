/**
 * Builds objects from flat rows of values. Adding thirteen properties one by one takes 240–320 ns; a
 * generated function that returns an object literal, which has its hidden class from the start, takes
 * 18–80 ns.
 *
 * Invariant: at most MAX_FUNCTIONS generated functions exist; when another one is needed, the oldest
 * is dropped, and its builder goes on without.
 */
import { thaw } from '../frozen-value.js'
import { compileFunction } from '../v8.js'

/** The keys of an object and of the objects nested in it, whose values lie in one flat row. */
export interface Layout {
  readonly keys: readonly string[]
  /** For each key the layout of the object that is its value; undefined for other values. */
  readonly inner: readonly (Layout | undefined)[]
  /** How many values the row has. */
  readonly width: number
}

/** Instead of a constant: the value is read from the row. */
export const OWN = Symbol('own')

/** A function is generated after so many uses; where one has to be dropped for it, after more. */
const COMPILE_AFTER = 64
const REPLACE_AFTER = 1024
/** The most values that a function is generated for. */
const MAX_WIDTH = 256
const MAX_FUNCTIONS = 512

type Build = (
  values: readonly unknown[],
  from: number,
  builder: ObjectBuilder,
) => Record<string, unknown>

const stepwise: Build = (values, from, builder) => builder.stepwise(values, from)

/** The builders that have generated functions: a ring, from whose `oldest` on they are dropped. */
const compiled: ObjectBuilder[] = []
let oldest = 0

/** Builds objects of one layout. */
export class ObjectBuilder {
  private readonly layout: Layout
  private readonly constants: readonly unknown[] | undefined
  private uses = 0
  private construct: Build = stepwise

  /**
   * @param constants for each value what it is in every object, or OWN: rows hold only the latter. No
   *   constant is an object. Undefined: rows hold all values
   */
  constructor(layout: Layout, constants?: readonly unknown[]) {
    this.layout = layout
    this.constants = constants
  }

  /**
   * Builds an object of the frozen values that lie in a row from an index on.
   *
   * The call site is megamorphic before V8 optimizes it, since every builder begins with
   * `stepwise`. Were it monomorphic, V8 would inline the first generated function into five
   * functions of a read and deoptimize all of them when the next layout comes.
   */
  build(values: readonly unknown[], from: number): Record<string, unknown> {
    return this.construct(values, from, this)
  }

  /** Builds key by key, and generates the function when it is worth it. */
  stepwise(values: readonly unknown[], from: number): Record<string, unknown> {
    const needed = compiled.length < MAX_FUNCTIONS ? COMPILE_AFTER : REPLACE_AFTER
    if (++this.uses === needed) this.compile()
    if (this.constants === undefined) return assemble(this.layout, values, from)
    return assemble(this.layout, fullRow(this.constants, values, from), 0)
  }

  private compile(): void {
    const build = compileBuild(this.layout, this.constants)
    if (build === undefined) return
    compiled[oldest]?.decompile()
    compiled[oldest] = this
    oldest = (oldest + 1) % MAX_FUNCTIONS
    this.construct = build
  }

  private decompile(): void {
    this.construct = stepwise
    this.uses = 0
  }
}

function fullRow(
  constants: readonly unknown[],
  values: readonly unknown[],
  from: number,
): unknown[] {
  let at = from
  return constants.map((constant) => (constant === OWN ? values[at++] : constant))
}

function assemble(
  { keys, inner }: Layout,
  values: readonly unknown[],
  from: number,
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  let at = from
  for (let i = 0; i < keys.length; i++) {
    const nested = inner[i]
    const value = nested === undefined ? thaw(values[at]) : assemble(nested, values, at)
    at += nested === undefined ? 1 : nested.width
    define(object, keys[i] as string, value)
  }
  return object
}

/**
 * Adds an own property, as a literal does. Where `Object.prototype` has one of that name, an assignment
 * may call its setter, or fail: the prototype may be frozen.
 */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (!(key in object)) object[key] = value
  else
    Object.defineProperty(object, key, Object.assign(Object.create(null), { value }, DATA_PROPERTY))
}

const DATA_PROPERTY = { configurable: true, enumerable: true, writable: true }

function compileBuild(
  layout: Layout,
  constants: readonly unknown[] = new Array(layout.width).fill(OWN),
): Build | undefined {
  // In a literal `__proto__` would set the prototype. No nested layout has it (see template.ts).
  if (layout.width > MAX_WIDTH || layout.keys.includes('__proto__')) return undefined
  const body = `const [${constants.map((_, i) => `c${i}`)}] = constants;
    return (values, from, builder) => { let v; return ${literalOf(layout, constants)} }`
  const make = compileFunction<(...all: unknown[]) => Build>(['thaw', 'constants'], body)
  return make?.(thaw, constants)
}

/** The source of an object literal. */
function literalOf(layout: Layout, constants: readonly unknown[]): string {
  let [i, own] = [0, 0]
  const value = () => {
    if (constants[i++] !== OWN) return `c${i - 1}`
    return `typeof (v = values[from + ${own++}]) === 'object' && v !== null ? thaw(v) : v`
  }
  const literal = ({ keys, inner }: Layout): string => {
    const nested = (k: number) => (inner[k] === undefined ? value() : literal(inner[k]))
    return `{ ${keys.map((key, k) => `${JSON.stringify(key)}: ${nested(k)}`)} }`
  }
  return literal(layout)
}
