/** Two worker threads against one. */
const COUNTS = {
  full: { read: 400_000, create: 40_000, sustained: 600_000 },
  quick: { read: 200, create: 100, sustained: 200 },
}
const rate = (measure, title) => ({ measure, title, unit: '1/s', digits: 0 })

export const workers = {
  name: 'workers',
  trials: (_peers, size) =>
    [1, 2].map((threads) => ({
      key: `${threads} thread${threads === 1 ? '' : 's'}`,
      peer: 'ours',
      run: (go) => go('workers', { threads, counts: COUNTS[size] }),
    })),
  tables: [
    {
      title: 'Calls a second of worker threads on one store',
      columns: [
        rate('read', 'read'),
        rate('create', 'create within a memtable'),
        rate('sustained', 'create sustained'),
      ],
    },
  ],
}
