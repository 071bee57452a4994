/**
 * Compiled encoders: for each of a few shapes that come again and again, its packed image (see
 * packed-image.ts) and a generated function that compares data with the image, key by key and value by
 * value, and has only what differs written. The session of the bench takes 0.1 µs, where writing
 * everything takes 0.6; before V8 optimizes anything, 1 instead of 7.
 *
 * Invariants: an encoder accepts exactly the plain objects that have the keys of its shape, in the same
 * order, at every level; other data is left to write-value.ts. At most MAX_ENCODERS exist; when
 * another one is needed, one that was not used recently is replaced.
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
/** At most so many encoders have the same first key. */
const MAX_SAME_KEY = 8

/** Encodes data into its image; false if the data is not of its shape. */
type Encode = (data: object) => boolean

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

/**
 * Encodes a plain object into the image of its shape.
 * @param isCached whether its values are read afterwards
 * @returns undefined if no encoder accepts it
 */
export function encodeCompiled(data: object, isCached: boolean): PackedImage | undefined {
  if (last !== undefined && accepts(last, data, isCached)) return last.image
  const found = byFirstKey.get(firstKey(data))?.find((encoder) => accepts(encoder, data, isCached))
  if (found === undefined) return undefined
  last = found
  found.isRecent = true
  return found.image
}

function accepts({ image, encode }: CompiledEncoder, data: object, isCached: boolean): boolean {
  image.begin(isCached)
  return encode(data)
}

function firstKey(data: object): string {
  for (const key in data) return key
  return ''
}

/** Counts a sample of the data that no encoder accepted: a shape that has enough gets an encoder. */
export function countSample(shape: Shape): void {
  if (!isLearned(shape)) return
  const count = ((samples.get(shape) ?? 0) + 1) % COMPILE_AFTER
  samples.set(shape, count)
  if (count === 0) addEncoder(shape)
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
  const source = `const [${keys.map((_, i) => `keys${i}`)}] = keys;
    return (o0) => { let v, n; ${body} return true }`
  const context = { image, values, keys, plain, getPrototypeOf: Object.getPrototypeOf }
  const make = compileFunction<(...all: unknown[]) => Encode>(Object.keys(context), source)
  return make?.(...Object.values(context))
}

/** The source of an encoder. No key is `__proto__`: the shape of an image has a template. */
class EncoderSource {
  /** The keys of each map. */
  readonly keys: (readonly string[])[] = []
  readonly body: string
  private values = 0

  constructor(shape: Shape) {
    // Properties that were added to Object.prototype would be listed with the data's own.
    this.body = `for (const key in plain) return false; ${this.ofMap(shape, '')}`
  }

  /** @param check comes between the first read of a property and the values */
  private ofMap({ keys, inner }: Shape, check: string): string {
    const map = this.keys.push(keys.map(interned)) - 1
    const property = (key: string) => `o${map}[${JSON.stringify(key)}]`
    const entries = keys.map((key, i) => {
      return this.ofEntry(i === 0 ? `first${map}` : property(key), inner[i])
    })
    return `n = 0; for (const key in o${map}) if (key !== keys${map}[n++]) return false;
      if (n !== ${keys.length}) return false; const first${map} = ${property(keys[0] as string)};
      ${check} ${entries.join('')}`
  }

  private ofEntry(property: string, inner: Shape | undefined): string {
    if (inner === undefined) {
      const i = this.values++
      return `if ((v = ${property}) !== values[${i}] && !image.put(${i}, v)) return false;`
    }
    const name = `o${this.keys.length}`
    // After a property was read, V8 knows the hidden class: the check costs no machine code.
    const check = `if (getPrototypeOf(${name}) !== plain) return false;`
    return `const ${name} = ${property};
      if (typeof ${name} !== 'object' || ${name} === null) return false; ${this.ofMap(inner, check)}`
  }
}
