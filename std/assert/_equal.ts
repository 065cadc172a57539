import { isDeepStrictEqual } from "node:util";

/**
 * Whether two values are deeply equal. The comparison is node's strict one,
 * except that 0 equals -0 and that an object without a prototype equals a
 * plain one, inside arrays and plain objects as well.
 *
 * @param a One value.
 * @param b The other value.
 * @returns Whether they are equal.
 */
export function equal(a: unknown, b: unknown): boolean {
  // Most values are equal as they are, and need no copies.
  return isDeepStrictEqual(a, b) ||
    isDeepStrictEqual(normalize(a), normalize(b));
}

/**
 * Copies arrays and plain objects with each -0 as 0. Other objects (maps, typed
 * arrays, instances of classes) stay as they are, so a -0 inside one of them
 * still differs from 0.
 */
function normalize(
  value: unknown,
  copies: Map<object, object> = new Map(),
): unknown {
  if (value === 0) return 0;
  if (!isPlain(value)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const copy = Array.isArray(value) ? value.slice() : { ...value };
  copies.set(value, copy);
  for (const [key, property] of Object.entries(copy)) {
    Object.assign(copy, { [key]: normalize(property, copies) });
  }
  return copy;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return [Array.prototype, Object.prototype, null].includes(prototype);
}
