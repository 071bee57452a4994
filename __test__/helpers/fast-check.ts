/**
 * fast-check with a seed that is printed when a test file begins, so that a property that ends the
 * process can be repeated too: `CRUDJT_SEED=… npx ava FILE`.
 */
import fc from 'fast-check'

const seed = Number(process.env.CRUDJT_SEED ?? Math.floor(Math.random() * 2 ** 31))
fc.configureGlobal({ seed })
console.log(`seed of the properties: ${seed}`)

export default fc
