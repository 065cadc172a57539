// Members of objects that are others during a test.

/** Replaces members of an object until it is disposed of. */
export function replace<T extends object>(
  target: T,
  members: Partial<T>,
): Disposable;
export function replace(target: object, members: object): Disposable;
export function replace(target: object, members: object): Disposable {
  const before = Object.fromEntries(
    Object.keys(members).map((name) => [name, Reflect.get(target, name)]),
  );
  Object.assign(target, members);
  return { [Symbol.dispose]: () => void Object.assign(target, before) };
}
