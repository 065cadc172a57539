// A set of bet indexes. It takes one bit per index, because all rows of a large
// file may be refused.

const RANGES_REGEXP = /^(?:\d+(?:-\d+)?(?:,(?=\d)|$))*$/;

export class IndexSet {
  #bits = new Uint8Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    return (this.#bits[index >>> 3]! & (1 << (index & 7))) !== 0;
  }

  /** False if the index was there already. */
  add(index: number): boolean {
    if (this.has(index)) return false;
    const at = index >>> 3;
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[at]! |= 1 << (index & 7);
    this.#size++;
    return true;
  }

  /** The indexes, in order. */
  values(): number[] {
    const values: number[] = [];
    for (let index = 0; index < 8 * this.#bits.length; index++) {
      if (this.has(index)) values.push(index);
    }
    return values;
  }

  intersection(other: IndexSet): IndexSet {
    return IndexSet.of(this.values().filter((index) => other.has(index)));
  }

  difference(other: IndexSet): IndexSet {
    return IndexSet.of(this.values().filter((index) => !other.has(index)));
  }

  union(other: IndexSet): IndexSet {
    return IndexSet.of([...this.values(), ...other.values()]);
  }

  static of(indexes: readonly number[]): IndexSet {
    const set = new IndexSet();
    for (const index of indexes) set.add(index);
    return set;
  }

  /** Formats the set as ranges, such as `3,7-9`. */
  format(): string {
    const ranges: string[] = [];
    const end = 8 * this.#bits.length;
    for (let first = 0; first < end; first++) {
      if (!this.has(first)) continue;
      let last = first;
      while (this.has(last + 1)) last++;
      ranges.push(first === last ? `${first}` : `${first}-${last}`);
      first = last;
    }
    return ranges.join();
  }

  /**
   * Parses the result of {@linkcode format}. Throws a `SyntaxError` for anything
   * else, and for indexes that are not below the limit.
   */
  static parse(text: string, limit = Infinity): IndexSet {
    if (!RANGES_REGEXP.test(text)) throw new SyntaxError("expected ranges");
    const set = new IndexSet();
    for (const range of text === "" ? [] : text.split(",")) {
      const [first = 0, last = first] = range.split("-").map(Number);
      if (last >= limit) throw new SyntaxError(`expected less than ${limit}`);
      for (let index = first; index <= last; index++) set.add(index);
    }
    return set;
  }
}
