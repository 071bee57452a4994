/** The results of the visits: a table, and whether they are as expected. */

/**
 * Whether the login and the logout worked once, and every worker saw both.
 * @param {import('./drive.mjs').Visit[]} visits @param {number} workers
 */
export function passed(visits, workers) {
  const of = (step) => visits.filter((visit) => visit.step === step)
  const all = (step, status) => of(step).every((visit) => visit.status === status)
  const everywhere = (step) => new Set(of(step).map(({ worker }) => worker)).size === workers
  return (
    ['login', 'logout'].every((step) => of(step).length === 1) &&
    ['page', 'page after'].every(everywhere) &&
    all('login', 200) &&
    all('page', 200) &&
    all('logout', 204) &&
    all('page after', 401)
  )
}

/**
 * One line per worker.
 * @param {import('./drive.mjs').Visit[]} visits @param {number} workers
 */
export function table(visits, workers) {
  const cell = (worker, step, expected) => {
    const found = visits.filter((visit) => visit.worker === worker && visit.step === step)
    if (found.length === 0) return '-'
    return found.every(({ status }) => status === expected) ? 'yes' : 'NO'
  }
  const head = ['worker', 'logged in here', 'knew the user', 'logged out here', 'then rejected']
  const rows = Array.from({ length: workers }, (_, i) => [
    String(i + 1),
    cell(i + 1, 'login', 200),
    cell(i + 1, 'page', 200),
    cell(i + 1, 'logout', 204),
    cell(i + 1, 'page after', 401),
  ])
  const line = (row) => row.map((text, i) => text.padEnd(head[i].length)).join('   ')
  return [head, ...rows].map((row) => line(row).trimEnd()).join('\n')
}
