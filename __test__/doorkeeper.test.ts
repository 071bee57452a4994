/** The doorkeeper of the memo: who was here before. */
import { createHash } from 'node:crypto'
import test from 'ava'
import { Doorkeeper } from '../dist/src/doorkeeper.js'

const token = (i: number) => createHash('md5').update(`${i}`).digest('base64url')

test('a token is unknown the first time and known the second', (t) => {
  const doorkeeper = new Doorkeeper()
  const tokens = Array.from({ length: 200 }, (_, i) => token(i))
  const first = tokens.filter((one) => doorkeeper.knows(one)).length
  const second = tokens.filter((one) => doorkeeper.knows(one)).length
  t.true(first <= 2, `${first} strangers were taken for acquaintances`)
  t.true(second >= 195, `${second} of 200 were known again`)
})

test('of many strangers few are taken for acquaintances, and no text is refused', (t) => {
  const doorkeeper = new Doorkeeper()
  let mistaken = 0
  for (let i = 0; i < 100_000; i++) if (doorkeeper.knows(token(i))) mistaken++
  t.true(mistaken < 3000, `${mistaken} of 100 000`)
  for (const text of ['', 'a', '\0\uffff', 'ä'.repeat(5)])
    t.is(typeof doorkeeper.knows(text), 'boolean')
})
