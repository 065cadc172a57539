/**
 * Whether two values are deeply equal. `NaN` equals `NaN`, 0 equals -0, and an
 * object without a prototype equals a plain one.
 *
 * @param a One value.
 * @param b The other value.
 * @returns Whether they are equal.
 * @throws {TypeError} If both are WeakMaps or WeakSets, which hide their content.
 */
export function equal(a: unknown, b: unknown): boolean {
  return new Comparison().equal(a, b);
}

class Comparison {
  /** Pairs that are being compared, so that cycles end. */
  readonly #assumed = new Map<object, object>();

  equal(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (!isObject(a) || !isObject(b) || kindOf(a) !== kindOf(b)) return false;
    throwIfWeak(a);
    if (a instanceof WeakRef && b instanceof WeakRef) {
      return this.equal(a.deref(), b.deref());
    }
    if (a instanceof Date && b instanceof Date) {
      return Object.is(a.getTime(), b.getTime());
    }
    if (isWrittenInFull(a)) return String(a) === String(b);
    if (this.#assumed.get(a) === b) return true;
    this.#assumed.set(a, b);
    return this.#equalContents(a, b);
  }

  #equalContents(a: object, b: object): boolean {
    if (a instanceof Set && b instanceof Set) {
      return this.#equalEntries([...a], [...b]);
    }
    if (a instanceof Map && b instanceof Map) {
      return this.#equalEntries([...a], [...b]);
    }
    if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
      return this.equal(new Uint8Array(a), new Uint8Array(b));
    }
    const [keys, others] = [keysOf(a), keysOf(b)];
    return keys.size === others.size &&
      [...keys].every((key) =>
        others.has(key) && this.equal(valueOf(a, key), valueOf(b, key))
      );
  }

  /** Compares in any order: each entry needs a partner of its own. */
  #equalEntries(entries: unknown[], others: unknown[]): boolean {
    if (entries.length !== others.length) return false;
    const left = new Set(others);
    return entries.every((entry) => {
      // In the same order the partner is the first one.
      for (const other of left) {
        if (this.equal(entry, other)) return left.delete(other);
      }
      return false;
    });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function kindOf(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function throwIfWeak(value: object): void {
  for (const weak of [WeakMap, WeakSet]) {
    if (value instanceof weak) {
      throw new TypeError(`Cannot compare ${weak.name} instances`);
    }
  }
}

/** True for values whose text says all about them, and who hide their state. */
function isWrittenInFull(value: object): boolean {
  const tag = Object.prototype.toString.call(value);
  return value instanceof RegExp || value instanceof URL ||
    value instanceof URLSearchParams || tag === "[object Intl.Locale]" ||
    tag.startsWith("[object Temporal.");
}

/**
 * The keys to compare: the enumerable ones of arrays, typed arrays and plain
 * objects; for instances of other classes also what is hidden or inherited, such
 * as getters. The stack of an error is left out: it says where, not what.
 */
function keysOf(value: object): Set<PropertyKey> {
  const kind = kindOf(value);
  const isPlain = kind === Object.prototype || kind === Array.prototype ||
    ArrayBuffer.isView(value);
  if (isPlain) {
    return new Set(
      Reflect.ownKeys(value).filter((key) =>
        Object.prototype.propertyIsEnumerable.call(value, key)
      ),
    );
  }
  const keys = new Set<PropertyKey>();
  let holder: object | null = value;
  while (holder !== null && holder !== Object.prototype) {
    for (const key of Reflect.ownKeys(holder)) keys.add(key);
    holder = Object.getPrototypeOf(holder);
  }
  if (value instanceof Error) keys.delete("stack");
  return keys;
}

function valueOf(value: object, key: PropertyKey): unknown {
  return Reflect.get(value, key);
}
