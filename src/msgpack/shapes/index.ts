/**
 * The only module of this folder that others import: maps that come again and again are recognised by
 * their shape, built by generated functions and encoded by compiled encoders. All of it only saves
 * time: the results are those of decode.ts and write-value.ts.
 */
export { countSample, encodeCompiled, takeRest } from './compiled-encoder.js'
export { ObjectBuilder, OWN } from './object-builder.js'
export type { PackedImage } from './packed-image.js'
export { Shape } from './shape.js'
export { countMiss, shapeAt, shapeOf } from './shape-table.js'
