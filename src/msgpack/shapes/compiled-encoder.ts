/**
 * Compiled encoders: for each of a few shapes that come again and again, its packed image (see
 * packed-image.ts) and a generated function that compares data with the image, key by key and value by
 * value, and has only what differs written. The session of the bench takes 0.1 µs, where writing
 * everything takes 0.6; before V8 optimizes anything, 1 instead of 7.
 *
 * Invariants: an encoder accepts exactly the plain objects that have the keys of its shape, in the same
 * order, at every level; other data is left to write-value.ts. Each property is read once, whoever
 * encodes it in the end: an encoder that meets what it does not accept leaves a plain object of what
 * it has read. At most MAX_ENCODERS exist; when another one is needed, one that was not used recently
 * is replaced.
 */

import { IMAGE_BYTES, IMAGES, IMAGES_OFFSET } from '../../engine/scratch.js'
import { compileFunction, interned } from '../v8.js'
import { plain } from '../write-value.js'
import { PackedImage } from './packed-image.js'
import { RecentMap } from './recent-map.js'
import type { Shape } from './shape.js'
import { isLearned } from './shape-table.js'

/** A shape gets an encoder after so many samples. */
const COMPILE_AFTER = 4
/** How many shapes without an encoder have their samples counted. */
const COUNTED_SHAPES = 256
/** One image is spare: a new encoder is complete before it replaces another one. */
const MAX_ENCODERS = IMAGES - 1
/** The most levels of maps: the source has a literal of everything for each. */
const MAX_LEVELS = 16
/** At most so many encoders have the same first key. */
const MAX_SAME_KEY = 8

/** Encodes data into its image. Gives what is left to encode, the same data, if it is not of its shape. */
type Encode = (data: object) => object | undefined

interface CompiledEncoder {
  readonly image: PackedImage
  readonly encode: Encode
  /** Whether it was used since encoders were last looked through for one to replace. */
  isRecent: boolean
}

const encoders: CompiledEncoder[] = []
const byFirstKey = new Map<string, CompiledEncoder[]>()
const samples = new RecentMap<Shape, number>(COUNTED_SHAPES)
/** Where the image lies that no encoder has. */
let spare = IMAGES_OFFSET
/** The encoder that accepted data last. */
let last: CompiledEncoder | undefined
/** What is left of the data that no encoder accepted. */
let rest: object | undefined

/**
 * Encodes a plain object into the image of its shape.
 * @param isCached whether its values are read afterwards
 * @returns undefined if no encoder accepts it: `takeRest` gives what to encode then
 */
export function encodeCompiled(data: object, isCached: boolean): PackedImage | undefined {
  const left = last === undefined ? data : run(last, data, isCached)
  return left === undefined ? last?.image : encodeByOthers(left, isCached)
}

/** The plain object to encode in the place of one that no encoder accepted. */
export function takeRest(): object {
  const taken = rest as object
  rest = undefined
  return taken
}

function encodeByOthers(data: object, isCached: boolean): PackedImage | undefined {
  rest = data
  for (const encoder of byFirstKey.get(firstKey(data)) ?? []) {
    if (encoder !== last) rest = run(encoder, rest, isCached)
    if (rest === undefined) return used(encoder)
  }
  return undefined
}

function used(encoder: CompiledEncoder): PackedImage {
  last = encoder
  encoder.isRecent = true
  return encoder.image
}

function run(
  { image, encode }: CompiledEncoder,
  data: object,
  isCached: boolean,
): object | undefined {
  image.begin(isCached)
  return encode(data)
}

function firstKey(data: object): string {
  for (const key in data) return key
  return ''
}

/** Counts a sample of the data that no encoder accepted: a shape that has enough gets an encoder. */
export function countSample(shape: Shape): void {
  if (!isLearned(shape) || !isEncodable(shape, MAX_LEVELS)) return
  const count = ((samples.get(shape) ?? 0) + 1) % COMPILE_AFTER
  samples.set(shape, count)
  if (count === 0) addEncoder(shape)
}

/** An object's own toJSON wants the object itself, and an encoder may leave another one in its place. */
function isEncodable({ keys, inner }: Shape, levels: number): boolean {
  if (levels === 0 || keys.includes('toJSON')) return false
  return inner.every((one) => one === undefined || isEncodable(one, levels - 1))
}

function addEncoder(shape: Shape): void {
  const key = shape.keys[0] as string
  const sameKey = byFirstKey.get(key) ?? []
  if (sameKey.some(({ image }) => image.shape === shape)) return
  const image = PackedImage.of(shape, spare, spare + IMAGE_BYTES)
  const encode = image && compileEncode(shape, image)
  if (image === undefined || encode === undefined) return
  const replaced = replaceable(sameKey)
  if (replaced !== undefined) remove(replaced)
  const encoder = { image, encode, isRecent: true }
  encoders.push(encoder)
  byFirstKey.set(key, [...(byFirstKey.get(key) ?? []), encoder])
  spare = replaced?.image.start ?? IMAGES_OFFSET + encoders.length * IMAGE_BYTES
}

/** The encoder to replace by one with a given first key; undefined while there is room. */
function replaceable(sameKey: CompiledEncoder[]): CompiledEncoder | undefined {
  if (sameKey.length === MAX_SAME_KEY) return notRecent(sameKey)
  return encoders.length === MAX_ENCODERS ? notRecent(encoders) : undefined
}

/** One that was not used since this was last asked; the oldest if all were. */
function notRecent(candidates: CompiledEncoder[]): CompiledEncoder {
  const found = candidates.find((encoder) => encoder !== last && !encoder.isRecent)
  for (const encoder of candidates) encoder.isRecent = false
  return found ?? (candidates[0] as CompiledEncoder)
}

function remove(encoder: CompiledEncoder): void {
  const key = encoder.image.shape.keys[0] as string
  const rest = (byFirstKey.get(key) as CompiledEncoder[]).filter((other) => other !== encoder)
  if (rest.length === 0) byFirstKey.delete(key)
  else byFirstKey.set(key, rest)
  encoders.splice(encoders.indexOf(encoder), 1)
  if (last === encoder) last = undefined
}

function compileEncode(shape: Shape, image: PackedImage): Encode | undefined {
  const { body, keys } = new EncoderSource(shape)
  const { values } = image
  const source = `const [${keys.map((_, i) => `keys${i}`)}] = keys; return (o0) => { let n; ${body} }`
  const context = { image, values, keys, plain, getPrototypeOf: Object.getPrototypeOf }
  const make = compileFunction<(...all: unknown[]) => Encode>(Object.keys(context), source)
  return make?.(...Object.values(context))
}

/** A map of a shape: the name of the variable that holds it, and the sources of its values. */
interface MapSource {
  readonly name: string
  readonly keys: readonly string[]
  readonly values: readonly (string | MapSource)[]
}

/** Properties of `Object.prototype` that V8 finds without machine code. */
const INHERITED = ['valueOf', 'isPrototypeOf']

/** The source of an encoder. No key is `__proto__`: the shape of an image has a template. */
class EncoderSource {
  /** The keys of each map. */
  readonly keys: (readonly string[])[] = []
  readonly body: string
  private readonly root: MapSource
  private readonly values: string[] = []
  /** The maps whose properties have been read, at the point that the source has come to. */
  private readonly read = new Set<MapSource>()

  constructor(shape: Shape) {
    this.root = this.sourceOf(shape)
    // Properties that were added to Object.prototype would be listed with the data's own.
    this.body = `for (const key in plain) return o0; ${this.ofLevel([this.root], 0)}`
  }

  private sourceOf({ keys, inner }: Shape): MapSource {
    const name = `o${this.keys.push(keys.map(interned)) - 1}`
    const values = inner.map((one) => (one === undefined ? this.newValue() : this.sourceOf(one)))
    return { name, keys, values }
  }

  private newValue(): string {
    return `v${this.values.push(`v${this.values.length}`) - 1}`
  }

  /** Checks all maps of one level, reads their properties, and goes on with the maps in them. */
  private ofLevel(maps: readonly MapSource[], level: number): string {
    if (maps.length === 0) return this.puts()
    const rest = this.rest(this.root)
    const stop = `break level${level};`
    const checks = maps.map((map) => (level === 0 ? ofKeys(map, stop) : ofPlain(map, stop)))
    for (const map of maps) this.read.add(map)
    const inner = maps.flatMap(({ values }) => values.filter((value) => typeof value !== 'string'))
    return `level${level}: { ${checks.join('')} ${maps.map(ofProperties).join('')}
      ${this.ofLevel(inner, level + 1)} } return ${rest}`
  }

  private puts(): string {
    const puts = this.values.map(
      (value, i) =>
        `if (${value} !== values[${i}] && !image.put(${i}, ${value})) { n = ${i}; break put }`,
    )
    const left = (value: string) => `image.left(n, ${value.slice(1)}, ${value})`
    return `put: { ${puts.join('')} return } return ${this.rest(this.root, left)}`
  }

  /** A map as it is left: a literal of what was read, or itself. */
  private rest(map: MapSource, left = (value: string) => value): string {
    if (!this.read.has(map)) return map.name
    const properties = map.keys.map((key, i) => {
      const value = map.values[i] as string | MapSource
      const source = typeof value === 'string' ? left(value) : this.rest(value, left)
      return `${JSON.stringify(key)}: ${source}`
    })
    return `{ ${properties} }`
  }
}

function ofKeys({ name, keys }: MapSource, stop: string): string {
  return `n = 0; for (const key in ${name}) if (key !== keys${name.slice(1)}[n++]) ${stop}
    if (n !== ${keys.length}) ${stop}`
}

/**
 * The check that a nested map is a plain object of the right keys. After an inherited property was
 * read, V8 knows the hidden class: looking at the prototype costs no machine code.
 */
function ofPlain(map: MapSource, stop: string): string {
  const { name, keys } = map
  const inherited = INHERITED.find((one) => !keys.includes(one))
  const known = inherited === undefined ? '' : `${name}.${inherited};`
  return `if (typeof ${name} !== 'object' || ${name} === null) ${stop} ${ofKeys(map, stop)}
    ${known} if (getPrototypeOf(${name}) !== plain) ${stop}`
}

function ofProperties({ name, keys, values }: MapSource): string {
  const properties = keys.map((key, i) => {
    const value = values[i] as string | MapSource
    const variable = typeof value === 'string' ? value : value.name
    return `${variable} = ${name}[${JSON.stringify(key)}]`
  })
  return `const ${properties};`
}
