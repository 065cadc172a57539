import { stripVTControlCharacters } from "node:util";
import { show, withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** A class of errors, which may be abstract. */
export type ErrorClass<E extends Error> = abstract new (
  ...args: never[]
) => E;

/** What an assertion about an error expects of it. */
export interface Expectation<E extends Error> {
  /** The class, or `undefined` if any value at all may be thrown. */
  errorClass: ErrorClass<E> | undefined;
  /** A text that the message must include. */
  msgIncludes: string | undefined;
  /** What the assertion's own message adds. */
  msg: string | undefined;
}

/**
 * Sorts the arguments of the two overloads: `(msg?)` expects any value,
 * `(ErrorClass, msgIncludes?, msg?)` a certain error.
 *
 * @param errorClassOrMsg The first argument after the function.
 * @param msgIncludes The second one.
 * @param msg The third one.
 * @returns What is expected.
 */
export function expectation<E extends Error>(
  errorClassOrMsg: ErrorClass<E> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): Expectation<E> {
  return typeof errorClassOrMsg === "function"
    ? { errorClass: errorClassOrMsg, msgIncludes, msg }
    : { errorClass: undefined, msgIncludes: undefined, msg: errorClassOrMsg };
}

/**
 * Checks a caught value against what was expected.
 *
 * @param error The caught value.
 * @param expected What was expected.
 * @param verb How the value came here: "thrown" or "rejected".
 * @returns The value.
 * @throws {AssertionError} If it is not what was expected.
 */
export function checkError<E extends Error>(
  error: unknown,
  { errorClass, msgIncludes, msg }: Expectation<E>,
  verb: "thrown" | "rejected",
): unknown {
  if (errorClass === undefined) return error;
  const complain = (sentence: string) => {
    throw new AssertionError(withReason(sentence, msg), { cause: error });
  };
  if (!(error instanceof Error)) {
    return complain(`A non-Error object was ${verb}`);
  }
  if (!(error instanceof errorClass)) {
    return complain(
      `Expected error to be instance of "${errorClass.name}", but was "${error.constructor.name}"`,
    );
  }
  // Colors in the error's message are not what a test is about.
  const plain = stripVTControlCharacters;
  if (!plain(error.message).includes(plain(msgIncludes ?? ""))) {
    return complain(
      `Expected error message to include ${show(msgIncludes)}, but got ${
        show(error.message)
      }`,
    );
  }
  return error;
}
