// Loaded before the command: lets verify and repair of the binding hang, and makes a file when they do.
const { writeFileSync } = require('node:fs')
const { resolve } = require('node:path')
const native = require(resolve('native.cjs'))

function hang() {
  setInterval(() => {}, 1000)
  writeFileSync(process.env.HANGING, '')
  return new Promise(() => {})
}

Object.assign(native, { verifyStore: hang, repairStore: hang })
