// Stands in for ava where its processes can't run: on an emulated or foreign system. Runs the tests
// of one file one after the other with node:assert, and ends with `N passed, N failed`.

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

/** What a test gets: the assertions that the behaviour tests use. */
const assertions = {
  is: (found, wanted, about) =>
    assert.ok(Object.is(found, wanted), about ?? `${found}, not ${wanted}`),
  not: (found, other, about) => assert.ok(!Object.is(found, other), about),
  true: (found, about) => assert.strictEqual(found, true, about),
  false: (found, about) => assert.strictEqual(found, false, about),
  deepEqual: (found, wanted, about) => assert.deepStrictEqual(found, wanted, about),
  regex: (text, pattern, about) => assert.match(text, pattern, about),
  pass: () => {},
  log: () => {},
  timeout: () => {},
  fail: (about) => assert.fail(about),
  like(found, wanted, about) {
    for (const [key, value] of Object.entries(wanted)) {
      assert.ok(isDeepStrictEqual(found[key], value), about ?? `${key} differs`)
    }
  },
  throws(body, wanted, about) {
    try {
      body()
    } catch (error) {
      return checked(error, wanted, about)
    }
    return assert.fail(about ?? 'nothing was thrown')
  },
  async throwsAsync(body, wanted, about) {
    const error = await Promise.resolve(typeof body === 'function' ? body() : body).then(
      () => undefined,
      (error) => error,
    )
    return error === undefined ? assert.fail(about) : checked(error, wanted, about)
  },
}

function checked(error, wanted = {}, about = undefined) {
  const { instanceOf = Error, code = error.code, message } = wanted
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
