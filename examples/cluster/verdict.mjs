/** What the visits tell: the table for people, and whether all is well. */

/**
 * Whether the user was let in, was known to every worker, and was known to none after the logout.
 * @param {import('./drive.mjs').Visit[]} visits @param {number} workers
 */
export function isWell(visits, workers) {
  const of = (step) => visits.filter((visit) => visit.step === step)
  const all = (step, status) => of(step).every((visit) => visit.status === status)
  const everywhere = (step) => new Set(of(step).map(({ worker }) => worker)).size === workers
  return (
    [of('login'), of('logout')].every((once) => once.length === 1) &&
    all('login', 200) &&
    all('logout', 204) &&
    ['page', 'page after'].every(everywhere) &&
    all('page', 200) &&
    all('page after', 401)
  )
}

/**
 * One line for each worker.
 * @param {import('./drive.mjs').Visit[]} visits @param {number} workers
 */
export function table(visits, workers) {
  const statuses = (worker, step) =>
    visits.filter((visit) => visit.worker === worker && visit.step === step)
  const cell = (worker, step, good) => {
    const found = statuses(worker, step)
    return found.length === 0 ? '-' : found.every(({ status }) => status === good) ? 'yes' : 'NO'
  }
  const rows = Array.from({ length: workers }, (_, i) => [
    String(i + 1),
    cell(i + 1, 'login', 200),
    cell(i + 1, 'page', 200),
    cell(i + 1, 'logout', 204),
    cell(i + 1, 'page after', 401),
  ])
  const head = ['worker', 'logged in here', 'knew the user', 'logged out here', 'then refused']
  return [head, ...rows]
    .map((row) =>
      row
        .map((text, i) => text.padEnd(head[i].length))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
