/** How errors of the package are told from others, and how they are printed. */
import { inspect } from 'node:util'
import test from 'ava'
import { CRUDJT, CRUDJTError, isCrudjtError, Store } from 'crudjt'
import { runProcess } from '../helpers/children.js'
import { inFolder } from '../helpers/folder.js'
import { KEY } from '../helpers/keys.js'

test('isCrudjtError knows every error of the package, of another copy and of another realm', async (t) => {
  await inFolder(async (folder) => {
    const { status, text } = await runProcess('copies.mjs', folder, KEY)
    t.is(status, 0, text)
  })
})

test('errors of arguments and all others have a code that isCrudjtError lets a program read', async (t) => {
  const calls: [call: () => Promise<unknown>, code: string][] = [
    [() => CRUDJT.read('x'), 'ERR_CRUDJT_NOT_STARTED'],
    [() => Store.open({ secret_key: '' }), 'ERR_CRUDJT_SECRET_KEY'],
    [() => Store.open({ secret_key: KEY, cache_size: -1 }), 'ERR_CRUDJT_OPTION'],
  ]
  for (const [call, code] of calls) {
    const error: unknown = await t.throwsAsync(call)
    t.true(isCrudjtError(error))
    if (isCrudjtError(error)) t.is(error.code, code as typeof error.code)
  }
})

test('a CRUDJTError is printed by its name', async (t) => {
  const error = new CRUDJTError('ERR_CRUDJT_FULL', 'a message')
  t.is(CRUDJTError.name, 'CRUDJTError')
  t.is(error.name, 'CRUDJTError')
  t.is(String(error), 'CRUDJTError: a message')
  t.true(inspect(error).startsWith('CRUDJTError: a message\n'))
  t.regex(inspect(CRUDJTError), /^\[class CRUDJTError extends Error\]/)
  t.regex(inspect(Store), /^\[class Store extends LocalStore\]/)
  const thrown = await t.throwsAsync(() => CRUDJT.read('x'))
  t.regex(thrown?.stack ?? '', /^CRUDJTError: /)
})

test('a process that ends by an error prints a short line of the package', async (t) => {
  await inFolder(async (folder) => {
    const { status, text } = await runProcess('crash-of-call.mjs', folder, KEY)
    t.is(status, 1, text)
    const [place, line] = text.split('\n')
    t.regex(place ?? '', /library\.js:\d+$/)
    t.true((line ?? '').length < 60, line)
    t.regex(text, /^TypeError: data\.a can't be stored: it is a function$/m)
  })
})
