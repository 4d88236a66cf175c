/** A map that holds the entries used last, and no more than `most` of them: whoever invents keys fills no memory. */
export class BoundedMap<K, V> {
  private readonly map = new Map<K, V>();
  /** The one used last: what is asked for again and again need not change its place. */
  private newest: K | undefined;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.map.size;
  }

  get(key: K): V | undefined {
    const value = this.map.get(key);
    if (value === undefined || key === this.newest) return value;
    this.newest = key;
    this.map.delete(key);
    this.map.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    if (key !== this.newest) this.map.delete(key);
    this.newest = key;
    this.map.set(key, value);
    if (this.map.size > this.most) this.dropOldest();
  }

  delete(key: K): void {
    this.map.delete(key);
  }

  private dropOldest(): void {
    for (const oldest of this.map.keys()) {
      if (this.map.size <= this.most) return;
      this.map.delete(oldest);
    }
  }
}
