/** What the tests of the binding share: a store in a folder of its own, bound to a scratch buffer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import native, { type NativeStore } from '#native'

/** A valid secret: 32 bytes, none like another. */
export const SECRET = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7 + 1)).toString(
  'base64',
)

/** Where data is put. */
export const AT = native.DATA_OFFSET

/** A new folder that goes away when this process ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'crudjt-binding-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Opens a store or throws what the binding answered. */
export async function openStore(path: string): Promise<NativeStore> {
  const outcome = await native.openStore({ path, secretKeys: [SECRET] }, () => {})
  if (outcome.code !== undefined) throw new Error(`${outcome.code}: ${outcome.message}`)
  return outcome.value
}

/** The hot calls of a store with the views of their scratch buffer. */
export function bind(store: NativeStore) {
  const buffer = new ArrayBuffer(native.SCRATCH_BYTES)
  const bytes = Buffer.from(buffer)
  return {
    hot: store.bind(buffer, 64),
    /** Ttl left, reads left, version. */
    header: new Float64Array(buffer, 0, 3),
    /** Ttl and reads, exact; the slot. */
    exact: new BigUint64Array(buffer, 24, 3),
    /** Puts a text where the data begins and gives its length. */
    put: (text: string) => bytes.write(text, native.DATA_OFFSET, 'latin1'),
    /** The text of a length where the data begins. */
    got: (length: number) =>
      bytes.toString('latin1', native.DATA_OFFSET, native.DATA_OFFSET + length),
  }
}

/** A token, or an error if the engine was over its budget. */
export function token(answer: string | -3): string {
  if (answer === -3) throw new Error('busy')
  return answer
}
