// A substitute for ava on emulated and foreign systems, where its worker processes cannot run. Runs the
// tests of one file in sequence with node:assert, and prints `N passed, N failed`.

const assert = require('node:assert')
const { isDeepStrictEqual } = require('node:util')

const tests = []
const before = []
const after = []

const test = (name, body) => void tests.push({ name, body })
test.serial = test
test.skip = () => {}
test.before = (body) => void before.push(body)
test.after = (body) => void after.push(body)
test.after.always = test.after

/** The assertions that the behaviour tests use. */
const assertions = {
  is: (actual, expected, about) =>
    assert.ok(Object.is(actual, expected), about ?? `${actual}, not ${expected}`),
  not: (actual, other, about) => assert.ok(!Object.is(actual, other), about),
  true: (actual, about) => assert.strictEqual(actual, true, about),
  truthy: (actual, about) => assert.ok(actual, about),
  false: (actual, about) => assert.strictEqual(actual, false, about),
  deepEqual: (actual, expected, about) => assert.deepStrictEqual(actual, expected, about),
  regex: (text, pattern, about) => assert.match(text, pattern, about),
  pass: () => {},
  log: () => {},
  timeout: () => {},
  fail: (about) => assert.fail(about),
  like(actual, expected, about) {
    for (const [key, value] of Object.entries(expected)) {
      assert.ok(isDeepStrictEqual(actual[key], value), about ?? `${key} differs`)
    }
  },
  throws(body, expected, about) {
    try {
      body()
    } catch (error) {
      return checkError(error, expected, about)
    }
    return assert.fail(about ?? 'nothing was thrown')
  },
  async throwsAsync(body, expected, about) {
    const error = await Promise.resolve(typeof body === 'function' ? body() : body).then(
      () => undefined,
      (error) => error,
    )
    return error === undefined ? assert.fail(about) : checkError(error, expected, about)
  },
}

function checkError(error, expected = {}, about = undefined) {
  const { instanceOf = Error, code = error.code, message } = expected
  assert.ok(error instanceof instanceOf, about)
  assert.strictEqual(error.code, code, about)
  if (typeof message === 'string') assert.strictEqual(error.message, message, about)
  if (message instanceof RegExp) assert.match(error.message, message, about)
  return error
}

async function attempt(name, body) {
  try {
    await body(assertions)
    return true
  } catch (error) {
    console.log(`failed: ${name}\n${error.stack}`)
    return false
  }
}

async function runAll() {
  const results = []
  for (const body of before) results.push(await attempt('before', body))
  const isReady = results.every(Boolean)
  const counted = []
  for (const { name, body } of isReady ? tests : []) counted.push(await attempt(name, body))
  for (const body of after) results.push(await attempt('after', body))
  const passed = counted.filter(Boolean).length
  const failed = counted.length - passed + results.filter((isFine) => !isFine).length
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 && passed > 0 ? 0 : 1)
}

setImmediate(runAll)
module.exports = { __esModule: true, default: test }
