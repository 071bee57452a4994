/** The behaviour suite: everything that behaviour.md promises of the four calls. */
import test from 'ava'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { testCreate } from './create.js'
import { testData } from './data.js'
import { testDelete } from './delete.js'
import { testDocumentedData } from './documented-data.js'
import { testLimits } from './limits.js'
import { testRead } from './read.js'
import { testRefusedData } from './refused-data.js'
import { testTokens } from './tokens.js'
import { testUpdate } from './update.js'
import type { AddTest, TestedStore, Variant } from './variants.js'
import { testWholeIntegers } from './whole-integers.js'

/** Runs the suite against one variant. */
export function behave(variant: Variant): void {
  const folder = newFolder()
  let store: TestedStore

  test.before(async () => {
    store = await variant.open(folder)
  })
  test.after.always(async () => {
    await store?.close()
    removeFolder(folder)
  })

  const it: AddTest = (guarantee, proof, needs) => {
    if (variant.isUnary === true && needs !== undefined) {
      test.skip(`${variant.name}: ${guarantee} (the unary methods have no keep and no durable)`, () => {})
    } else {
      test.serial(`${variant.name}: ${guarantee}`, async (t) => proof(t, store))
    }
  }
  testTokens(it)
  testRefusedData(it)
  testLimits(it)
  testCreate(it)
  testData(it)
  testDocumentedData(it)
  testWholeIntegers(it)
  testRead(it)
  testUpdate(it)
  testDelete(it)
}
