import {
  assertEquals,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

const EQUAL: [name: string, a: unknown, b: unknown][] = [
  ["strings", "a", "a"],
  ["NaN", NaN, NaN],
  ["zeros", 0, -0],
  ["zeros in arrays", [[0]], [[-0]]],
  ["zeros in objects", { a: { b: -0 } }, { a: { b: 0 } }],
  ["objects in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["nested arrays", [1, [2, [3]]], [1, [2, [3]]]],
  ["dates", new Date(7), new Date(7)],
  ["regular expressions", /a/g, /a/g],
  ["maps", new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  ["sets", new Set([1, 2]), new Set([2, 1])],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["instances", new Point(1, 2), new Point(1, 2)],
  ["zeros in maps and instances", [
    new Map([["a", 0]]),
    new Point(0, 0),
    new Float64Array([0]),
  ], [new Map([["a", -0]]), new Point(-0, 0), new Float64Array([-0])]],
  [
    "maps with objects as keys",
    new Map([[{ a: 1 }, 1], [{ a: 2 }, 2]]),
    new Map([[{ a: 2 }, 2], [{ a: 1 }, 1]]),
  ],
  ["locales", new Intl.Locale("es-AR"), new Intl.Locale("es-AR")],
  ["URLs", new URL("http://a/"), new URL("http://a/")],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["errors", new Error("a"), new Error("a")],
  [
    "objects without a prototype",
    { a: 1 },
    Object.assign(Object.create(null), { a: 1 }),
  ],
];

class Hidden {
  #value: number;
  constructor(value: number) {
    this.#value = value;
  }
  get value(): number {
    return this.#value;
  }
}

const DIFFERENT: [name: string, a: unknown, b: unknown][] = [
  ["strings", "a", "b"],
  ["types", 1, "1"],
  ["null and undefined", null, undefined],
  ["null and an object", null, {}],
  ["lengths", [1], [1, 2]],
  ["nested elements", [[1, 2]], [[1, 3]]],
  ["keys", { a: 1 }, { b: 1 }],
  ["a missing property", { a: 1 }, { a: 1, b: 2 }],
  ["values next to zeros", { a: 0, b: 1 }, { a: -0, b: 2 }],
  ["dates", new Date(7), new Date(8)],
  ["regular expressions", /a/g, /a/i],
  ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ["sets", new Set([1]), new Set([2])],
  ["bytes", new Uint8Array([1]), new Uint8Array([2])],
  ["kinds of arrays", new Uint8Array([1]), new Int8Array([1])],
  ["instances", new Point(1, 2), new Point(2, 1)],
  ["an instance and an object", new Point(1, 2), { x: 1, y: 2 }],
  ["locales", new Intl.Locale("es-AR"), new Intl.Locale("es-UY")],
  ["getters of the prototype", new Hidden(1), new Hidden(2)],
  ["URLs", new URL("http://a/"), new URL("http://b/")],
  ["errors", new Error("a"), new Error("b")],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  ["symbols as keys", { [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }],
  ["a hole", [undefined], new Array(1)],
];

for (const [name, a, b] of EQUAL) {
  Deno.test(`assertEquals() accepts equal ${name}`, () => {
    assertEquals(a, b);
    assertEquals(b, a);
    assertThrows(() => assertNotEquals(a, b), AssertionError);
  });
}

for (const [name, a, b] of DIFFERENT) {
  Deno.test(`assertEquals() refuses different ${name}`, () => {
    assertNotEquals(a, b);
    assertNotEquals(b, a);
    assertThrows(() => assertEquals(a, b), AssertionError);
  });
}

Deno.test("assertEquals() compares what WeakRefs refer to", () => {
  const [a, same, other] = [{ a: 1 }, { a: 1 }, { a: 2 }];
  assertEquals(new WeakRef(a), new WeakRef(same));
  assertNotEquals(new WeakRef(a), new WeakRef(other));
  // Without a later use, the referents could be collected before.
  assertEquals([a, same, other], [{ a: 1 }, { a: 1 }, { a: 2 }]);
});

Deno.test("assertEquals() cannot compare what hides its content", () => {
  for (
    const [name, a, b] of [
      ["WeakMap", new WeakMap(), new WeakMap()],
      ["WeakSet", new WeakSet(), new WeakSet()],
    ] as const
  ) {
    const message = `Cannot compare ${name} instances`;
    assertThrows(() => assertEquals<object>(a, b), TypeError, message);
  }
});

Deno.test("assertEquals() compares cycles", () => {
  const cycle = (value: number) => {
    const node: { value: number; self?: unknown } = { value };
    node.self = node;
    return node;
  };
  assertEquals(cycle(1), cycle(1));
  assertEquals(cycle(0), cycle(-0));
  assertNotEquals(cycle(1), cycle(2));
});

Deno.test("assertEquals() leaves the values as they are", () => {
  const value = { zero: -0, list: [-0] };
  assertEquals(value, { zero: 0, list: [0] });
  if (!Object.is(value.zero, -0) || !Object.is(value.list[0], -0)) {
    throw new Error("Cannot compare: a value was changed");
  }
});

Deno.test("assertEquals() says that the values differ, and how", () => {
  const { message } = assertThrows(
    () => assertEquals({ key: "found" }, { key: "wanted" }),
    AssertionError,
  );
  assertMatch(message, /^Values are not equal\.\n/);
  assertMatch(message, /found/);
  assertMatch(message, /wanted/);
  assertThrows(
    () => assertEquals(1, 2, "number of agencies"),
    AssertionError,
    "Values are not equal: number of agencies",
  );
});

Deno.test("assertNotEquals() names both values", () => {
  const refused = () => assertNotEquals("a", "a");
  const { message } = assertThrows(refused, AssertionError);
  assertEquals(message, 'Expected actual: "a" not to be: "a".');
  assertThrows(
    () => assertNotEquals({ b: [1], a: 2 }, { b: [1], a: 2 }),
    AssertionError,
    "Expected actual: {\n  a: 2,\n  b: [\n    1,\n  ],\n} not to be: {",
  );
  assertThrows(
    () => assertNotEquals(1, 1, "same bet"),
    AssertionError,
    "Expected actual: 1 not to be: 1: same bet",
  );
});
