import { assertEquals, assertRejects } from "@std/assert";
import { within } from "../support/deadline.ts";
import { firstFailure } from "../support/permissions.ts";

Deno.test("within() returns what arrives in time", async () => {
  assertEquals(await within(Promise.resolve(3), () => "nothing"), 3);
});

Deno.test("within() fails with what was seen", async () => {
  const never = new Promise<void>(() => {});
  await assertRejects(
    () => within(never, () => "the log has 2 lines", 1),
    Error,
    "Waited 1 ms: the log has 2 lines",
  );
});

Deno.test("firstFailure() is what failed before its clean-up did", async () => {
  async function fail(): Promise<void> {
    await using _one = {
      [Symbol.asyncDispose]: () => Promise.reject(new Error("the clean-up")),
    };
    await Promise.reject(new Error("the cause"));
  }
  const error = await fail().catch(firstFailure);
  assertEquals(String(error), "Error: the cause");
});
