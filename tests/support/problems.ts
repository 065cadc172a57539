import { assertRejects } from "@std/assert";
import { ProgramError } from "../../program/errors.ts";

/** Asserts that something fails as a user reads it: with these words in it. */
export async function assertProblem(
  fn: () => Promise<unknown>,
  words: string,
): Promise<void> {
  await assertRejects(fn, ProgramError, words);
}
