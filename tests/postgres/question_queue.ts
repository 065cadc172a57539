import { assertEquals } from "@std/assert";
import { DatabaseTimeoutError } from "../../postgres/connection/errors.ts";
import { MAX_QUESTIONS, QuestionQueue } from "../../postgres/question_queue.ts";
import { everyTurn } from "../support/deadline.ts";

/** Questions that the test answers. */
function openQuestions() {
  const queue = new QuestionQueue();
  const begun: string[] = [];
  const answers: PromiseWithResolvers<string>[] = [];
  const outcomes: string[] = [];
  return {
    begun,
    answers,
    /** What was answered, in its order. */
    outcomes,
    ask(agency: number, name: string) {
      queue.ask(agency, name, () => {
        begun.push(`${agency} ${name}`);
        const answer = Promise.withResolvers<string>();
        answers.push(answer);
        return answer.promise;
      }).then(
        (answer) => outcomes.push(answer),
        (error) => outcomes.push(error.message),
      );
      return everyTurn();
    },
  };
}

Deno.test("QuestionQueue asks an agency's questions one by one, and others' beside them", async () => {
  const { begun, ask } = openQuestions();
  for (const name of ["a", "b", "c", "d", "e"]) await ask(1, name);
  for (let agency = 2; agency <= MAX_QUESTIONS; agency++) {
    await ask(agency, "a");
  }
  const agencies = Array.from({ length: MAX_QUESTIONS }, (_, i) => i + 1);
  assertEquals(begun, agencies.map((agency) => `${agency} a`));
  await ask(99, "a");
  assertEquals(begun.length, MAX_QUESTIONS);
});

Deno.test("QuestionQueue joins an agency's equal questions that wait, not the one under way", async () => {
  const { begun, answers, outcomes, ask } = openQuestions();
  for (const name of ["a", "a", "b", "a", "b"]) await ask(1, name);
  await ask(2, "a");
  answers[0]!.resolve("first");
  await everyTurn();
  assertEquals(begun, ["1 a", "2 a", "1 a"]);
  assertEquals(outcomes, ["first"]);
  answers[2]!.reject(new Error("second"));
  await everyTurn();
  answers[3]!.resolve("third");
  await everyTurn();
  assertEquals(begun, ["1 a", "2 a", "1 a", "1 b"]);
  assertEquals(outcomes, ["first", "second", "second", "third", "third"]);
});

Deno.test("QuestionQueue fails all that wait if the database does not answer", async () => {
  const { begun, answers, outcomes, ask } = openQuestions();
  for (const name of ["a", "b", "c"]) await ask(1, name);
  await ask(2, "a");
  const error = new DatabaseTimeoutError(9_000);
  answers[0]!.reject(error);
  await everyTurn();
  assertEquals(outcomes, Array(3).fill(error.message));
  answers[1]!.resolve("answered");
  await ask(1, "b");
  assertEquals(outcomes.at(-1), "answered");
  assertEquals(begun, ["1 a", "2 a", "1 b"]);
});
