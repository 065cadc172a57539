import {
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";

type Comparison = (actual: number, expected: number, msg?: string) => void;

const COMPARISONS: [
  operator: string,
  compare: Comparison,
  accepts: { below: boolean; same: boolean; above: boolean },
][] = [
  [">", assertGreater, { below: false, same: false, above: true }],
  [">=", assertGreaterOrEqual, { below: false, same: true, above: true }],
  ["<", assertLess, { below: true, same: false, above: false }],
  ["<=", assertLessOrEqual, { below: true, same: true, above: false }],
];

for (const [operator, compare, accepts] of COMPARISONS) {
  Deno.test(`${compare.name}() compares with ${operator}`, () => {
    const check = (actual: number, expected: number, accepted: boolean) => {
      const call = () => compare(actual, expected);
      if (accepted) return call();
      assertEquals(
        assertThrows(call, AssertionError).message,
        `Expect ${actual} ${operator} ${expected}`,
      );
    };
    check(1, 2, accepts.below);
    check(2, 2, accepts.same);
    check(3, 2, accepts.above);
    check(NaN, 2, false);
  });

  Deno.test(`${compare.name}() takes its message from the caller`, () => {
    const call = () => compare(NaN, 0, "port number");
    assertEquals(assertThrows(call, AssertionError).message, "port number");
  });
}

Deno.test("assertGreater() compares other types", () => {
  assertGreater("b", "a");
  assertGreater(2n, 1n);
  assertGreater(new Date(2), new Date(1));
});
