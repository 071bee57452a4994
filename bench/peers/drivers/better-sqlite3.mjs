/** SQLite through better-sqlite3, whose calls are synchronous: a transaction for each. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { randomToken } from '../../compare/terms.mjs'
import { packr } from '../../record.mjs'

const TABLE =
  'CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID'

/** @param {{folder: string, cacheSize?: number}} where */
export async function open({ folder, cacheSize }) {
  mkdirSync(folder, { recursive: true })
  const database = new Database(join(folder, 'sessions.db'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  if (cacheSize !== undefined) database.pragma(`cache_size = -${cacheSize / 1024}`)
  database.exec(TABLE)
  const insert = database.prepare('INSERT INTO sessions VALUES (?, ?)')
  const select = database.prepare('SELECT data FROM sessions WHERE token = ?').pluck()
  const update = database.prepare('UPDATE sessions SET data = ? WHERE token = ?')
  const remove = database.prepare('DELETE FROM sessions WHERE token = ?')
  return {
    isSync: true,
    create: (data) => {
      const token = randomToken()
      insert.run(token, packr.pack(data))
      return token
    },
    read: (token) => select.get(token),
    dataOf: (found) => packr.unpack(found),
    update: (token, data) => update.run(packr.pack(data), token).changes === 1,
    delete: (token) => remove.run(token).changes === 1,
    /** Everything at once, for filling. */
    together: (work) => database.transaction(work)(),
    checkpoint: () => database.pragma('wal_checkpoint(TRUNCATE)'),
    close: () => database.close(),
  }
}
