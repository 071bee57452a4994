/** The behaviour suite: everything that behaviour.md promises of the four calls. */
import test, { type ExecutionContext } from 'ava'
import { newFolder, removeFolder } from '../helpers/folder.js'
import { aboutCreate } from './create.js'
import { aboutData } from './data.js'
import { aboutDelete } from './delete.js'
import { aboutLimits } from './limits.js'
import { aboutRead } from './read.js'
import { aboutRefusedData } from './refused-data.js'
import { aboutTokens } from './tokens.js'
import { aboutUpdate } from './update.js'
import type { Reached, Way } from './variants.js'

/** Adds one sentence about a store to the suite. */
export type Sentence = (
  sentence: string,
  proof: (t: ExecutionContext, store: Reached) => Promise<void>,
  needs?: 'the batch stream',
) => void

/** Runs the suite against a store that is reached in one way. */
export function behave(way: Way): void {
  const folder = newFolder()
  let store: Reached

  test.before(async () => {
    store = await way.reach(folder)
  })
  test.after.always(async () => {
    await store?.close()
    removeFolder(folder)
  })

  const say: Sentence = (sentence, proof, needs) => {
    if (way.isUnary === true && needs !== undefined) {
      test.skip(`${way.name}: ${sentence} (the unary methods know no keep and no durable)`, () => {})
    } else {
      test.serial(`${way.name}: ${sentence}`, async (t) => proof(t, store))
    }
  }
  aboutTokens(say)
  aboutRefusedData(say)
  aboutLimits(say)
  aboutCreate(say)
  aboutData(say)
  aboutRead(say)
  aboutUpdate(say)
  aboutDelete(say)
}
