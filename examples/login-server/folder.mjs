/** Where things are in the example's folder: the key and the log of the drive lie beside the store, not in it. */
import { join } from 'node:path'

export const storePath = (folder) => join(folder, 'store_jt')
export const keyPath = (folder) => join(folder, 'secret_key.txt')
export const logPath = (folder) => join(folder, 'answers.jsonl')
