import { assertEquals, AssertionError, assertRejects } from "@std/assert";

/** What assertRejects() says when the promise does not reject as it should. */
async function complaint(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
  }
  return "no complaint";
}

const LATE = new RangeError("too late");
const reject = () => Promise.reject(LATE);
const resolve = () => Promise.resolve(1);

Deno.test("assertRejects() returns the reason", async () => {
  assertEquals(await assertRejects(reject), LATE);
  assertEquals(await assertRejects(reject, RangeError), LATE);
  assertEquals(await assertRejects(reject, Error, "late"), LATE);
  assertEquals(
    await assertRejects(() => Promise.reject("text")),
    "text",
  );
});

for (
  const [name, check, expected] of [
    [
      "a promise that resolves",
      () => assertRejects(resolve),
      "Expected function to reject.",
    ],
    [
      "a promise that resolves, with the caller's message",
      () => assertRejects(resolve, Error, "late", "why"),
      "Expected function to reject: why",
    ],
    [
      "a function that throws",
      () =>
        assertRejects(() => {
          throw LATE;
        }),
      "Function throws when expected to reject.",
    ],
    [
      "another class",
      () => assertRejects(reject, TypeError),
      'Expected error to be instance of "TypeError", but was "RangeError".',
    ],
    [
      "another message",
      () => assertRejects(reject, RangeError, "early"),
      'Expected error message to include "early", but got "too late".',
    ],
    [
      "what is no error",
      () => assertRejects(() => Promise.reject("text"), Error),
      "A non-Error object was rejected.",
    ],
  ] as const
) {
  Deno.test(`assertRejects() refuses ${name}`, async () => {
    assertEquals(await complaint(check), expected);
  });
}
