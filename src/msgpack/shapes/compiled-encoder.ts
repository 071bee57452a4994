/**
 * Packers: for each of a few shapes of data that come again and again an image of it (see packed-image.ts)
 * and a function made for it, which compares the data with the image, key by key and value by value,
 * and has only what differs written. For the session of the bench it takes 0.1 µs where writing
 * everything takes 0.6; before V8 compiles anything, 1 instead of 7.
 *
 * Invariants: a packer takes exactly the plain objects that have the keys of its shape, in their
 * order, at every level; of any other it says so, and nothing is lost; how many functions are made is
 * bounded.
 */

import { IMAGE_BYTES, IMAGES, IMAGES_OFFSET } from '../../engine/scratch.js'
import { plain } from '../write-value.js'
import { interned } from './interned.js'
import { PackedImage } from './packed-image.js'
import type { Shape } from './shape.js'
import { isLearned } from './shape-table.js'
import { compile } from './v8.js'

/** How often a shape is seen before it gets a packer. */
const WORTH_COMPILING = 4
/** How many shapes are counted that have none. */
const COUNTED = 256
/** How many packers there are for shapes with the same first key. */
const MOST_ALIKE = 8

type Pack = (data: object) => boolean

interface CompiledEncoder {
  readonly image: PackedImage
  readonly pack: Pack
}

/** By the first key of their shapes. */
const packers = new Map<string, CompiledEncoder[]>()
const sightings = new Map<Shape, number>()
let made = 0
/** The one that packed last. */
let last: CompiledEncoder | undefined

/**
 * Packs a plain object into an image of its shape.
 * @param wanted whether its values are asked for afterwards
 * @returns undefined if no packer takes it
 */
export function encodeCompiled(data: object, wanted: boolean): PackedImage | undefined {
  if (last !== undefined && takes(last, data, wanted)) return last.image
  const found = packers.get(firstKey(data))?.find((packer) => takes(packer, data, wanted))
  if (found === undefined) return undefined
  last = found
  return found.image
}

function takes({ image, pack }: CompiledEncoder, data: object, wanted: boolean): boolean {
  image.begin(wanted)
  return pack(data)
}

function firstKey(data: object): string {
  for (const key in data) return key
  return ''
}

/** Tells of data that no packer took: when its shape has come often enough, it gets one. */
export function countShape(shape: Shape): void {
  if (!isLearned(shape)) return
  const count = (sightings.get(shape) ?? 0) + 1
  if (count > 1 || sightings.size < COUNTED) sightings.set(shape, count)
  if (count === WORTH_COMPILING) makePacker(shape)
}

function makePacker(shape: Shape): void {
  const first = shape.keys[0] as string
  const alike = packers.get(first) ?? []
  if (made === IMAGES || alike.length === MOST_ALIKE) return
  const start = IMAGES_OFFSET + made * IMAGE_BYTES
  const image = PackedImage.of(shape, start, start + IMAGE_BYTES)
  const pack = image && packOf(shape, image)
  if (image === undefined || pack === undefined) return
  made++
  alike.push({ image, pack })
  packers.set(first, alike)
}

type MakePack = (
  image: PackedImage,
  values: readonly unknown[],
  keys: readonly (readonly string[])[],
  plain: object,
  getPrototypeOf: typeof Object.getPrototypeOf,
) => Pack

const PARAMETERS = ['image', 'values', 'keys', 'plain', 'getPrototypeOf']

function packOf(shape: Shape, image: PackedImage): Pack | undefined {
  const text = new EncoderSource(shape)
  const names = text.keys.map((_, i) => `keys${i}`)
  const body = `const [${names}] = keys; return (o0) => { let v, n; ${text.body} return true }`
  const make = compile<MakePack>(PARAMETERS, body)
  return make?.(image, image.values, text.keys, plain, Object.getPrototypeOf)
}

/** The text of a packer's function. No key is `__proto__`: the shape of an image has a template. */
class EncoderSource {
  /** The keys of each map. */
  readonly keys: (readonly string[])[] = []
  readonly body: string
  private values = 0

  constructor(shape: Shape) {
    // What all objects are made to inherit is no property of theirs.
    this.body = `for (const key in plain) return false; ${this.ofMap(shape, '')}`
  }

  /** @param check what is to be made sure of besides the keys, when a property was read */
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
    // When a property was read V8 knows what kind of object it is: machine code need not look again.
    const check = `if (getPrototypeOf(${name}) !== plain) return false;`
    return `const ${name} = ${property};
      if (typeof ${name} !== 'object' || ${name} === null) return false; ${this.ofMap(inner, check)}`
  }
}
