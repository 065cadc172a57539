import { assertInstanceOf, AssertionError, assertThrows } from "@std/assert";

abstract class Shape {}
class Circle extends Shape {
  constructor(readonly radius: number) {
    super();
  }
}

Deno.test("assertInstanceOf() accepts instances", () => {
  assertInstanceOf(new Circle(1), Circle);
  assertInstanceOf(new Circle(1), Shape);
  assertInstanceOf([], Array);
  assertInstanceOf(new RangeError(), Error);
});

Deno.test("assertInstanceOf() narrows the type", () => {
  const value: unknown = new Circle(2);
  assertInstanceOf(value, Circle);
  // This line does not compile unless the type is known.
  if (value.radius !== 2) throw new Error("Cannot read the radius");
});

Deno.test("assertInstanceOf() refuses other values", () => {
  for (const value of [null, undefined, 1, "a", {}, [], Circle, new Error()]) {
    assertThrows(
      () => assertInstanceOf(value, Circle),
      AssertionError,
      "Circle",
    );
  }
  assertThrows(
    () => assertInstanceOf({}, Circle, "not round"),
    AssertionError,
    "not round",
  );
});
