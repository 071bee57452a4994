/** What processes of the bench tell each other. */

/** The next message of a process; fails if that ends without one. */
export function message(child) {
  return new Promise((resolve, reject) => {
    const fail = (code, signal) => reject(new Error(`a process ended with ${code ?? signal}`))
    child.once('exit', fail)
    child.once('message', (value) => {
      child.off('exit', fail)
      resolve(value)
    })
  })
}
