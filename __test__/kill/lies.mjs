// A store that lies now and then, each time in one known way, and is right otherwise: for the test of
// the kill test. A saying of what was not done is all that a lost, a revived or a changed token is.

const ONE_IN = 200
const isTime = () => Math.random() < 1 / ONE_IN

const LIES = {
  lost: (store) => ({
    create: (...args) => (isTime() ? Promise.resolve(madeUp()) : store.create(...args)),
  }),
  revived: (store) => ({
    delete: (...args) => (isTime() ? Promise.resolve(true) : store.delete(...args)),
  }),
  changed: (store) => ({
    update: (...args) => (isTime() ? Promise.resolve(true) : store.update(...args)),
  }),
}

const madeUp = () => Math.random().toString(36).slice(2).padEnd(21, 'x').slice(0, 21).concat('A')

/** The store, or one that lies in this way. */
export function lying(store, lie) {
  if (lie === undefined) return store
  const methods = ['create', 'read', 'update', 'delete']
  const honest = methods.map((name) => [name, (...args) => store[name](...args)])
  return { ...Object.fromEntries(honest), ...LIES[lie](store) }
}
