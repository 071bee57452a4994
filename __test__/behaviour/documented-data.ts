/** What the table of docs/guide/data.md says comes back. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal } from '../helpers/equal.js'
import { refuses } from '../helpers/refusals.js'
import type { AddTest } from './variants.js'

const GUIDE = join(__dirname, '../../docs/guide/data.md')
const ROW = /^\| `(?<given>.+?)` \| (?:`(?<back>.+?)`|refused) \|/gm

/** The rows of the table: two expressions, or one that is refused. */
const rows = [...readFileSync(GUIDE, 'utf8').matchAll(ROW)].map(({ groups }) => groups ?? {})

function evaluate(expression: string): unknown {
  return new Function(`return (${expression})`)()
}

export function testDocumentedData(it: AddTest): void {
  it('what comes back is what the guide says', async (t, store) => {
    t.true(rows.length > 30)
    for (const { given, back } of rows) {
      const value = evaluate(given as string)
      const token = await store.create({ kept: 1 })
      if (back === undefined) {
        const refusal = { is: TypeError, code: 'ERR_CRUDJT_DATA', says: "can't be stored" } as const
        await refuses(t, () => store.update(token, { value }), refusal, given)
        equal(t, (await store.read(token))?.data, { kept: 1 }, given)
        continue
      }
      await store.update(token, { value })
      const data = (await store.read<{ value: unknown }>(token))?.data
      equal(t, data, { value: evaluate(back) }, given)
      if (typeof data?.value === 'number') t.true(Object.is(data.value, evaluate(back)), given)
    }
  })
}
