/** A map of bounded size that forgets what was not used recently: two generations approximate an LRU. */
export class RecentMap<K, V> {
  private readonly generation: number
  private young = new Map<K, V>()
  private old = new Map<K, V>()

  /** @param size the most entries that it holds; at least half as many were used last */
  constructor(size: number) {
    this.generation = size / 2
  }

  /** The value of a key, which counts as used now. */
  get(key: K): V | undefined {
    const value = this.young.get(key)
    if (value !== undefined) return value
    const older = this.old.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  /** Sets the value of a key, which counts as used now. */
  set(key: K, value: V): void {
    this.young.set(key, value)
    if (this.young.size < this.generation) return
    this.old = this.young
    this.young = new Map()
  }
}
