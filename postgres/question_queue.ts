// What a running central asks the database besides commits: FINISH, winners and
// polls. These questions have their own connections, so no commit waits for them.

import { AgencyTurns } from "./agency_turns.ts";
import { DatabaseTimeoutError } from "./connection/errors.ts";

/** Parallel questions, each on its own connection (docs/postgres.md). */
export const MAX_QUESTIONS = 4;

interface Question {
  key: string;
  work(): Promise<unknown>;
  answer: PromiseWithResolvers<unknown>;
}

export class QuestionQueue {
  readonly #turns = new AgencyTurns<Question>({
    atOnce: MAX_QUESTIONS,
    groupLength: () => 1,
    run: ([question]) => this.#run(question!),
  });
  /** The questions that have not begun, by key. */
  readonly #waiting = new Map<string, Question>();

  /**
   * Runs an agency's question in the agency's turn. Joins a question of the same
   * name that waits, but not one under way, which may have missed a commit that
   * this call must see. A name stands for one type of answer.
   */
  ask<T>(agency: number, name: string, work: () => Promise<T>): Promise<T> {
    const key = `${agency} ${name}`;
    let question = this.#waiting.get(key);
    if (!question) {
      question = { key, work, answer: Promise.withResolvers<unknown>() };
      this.#waiting.set(key, question);
      this.#turns.add(agency, question);
    }
    return question.answer.promise as Promise<T>;
  }

  async #run({ key, work, answer }: Question): Promise<void> {
    this.#waiting.delete(key);
    try {
      answer.resolve(await work());
    } catch (error) {
      answer.reject(error);
      if (error instanceof DatabaseTimeoutError) this.#failWaiting(error);
    }
  }

  /**
   * Fails all waiting questions: the database does not answer at all, and one by
   * one they would fail too late.
   */
  #failWaiting(error: DatabaseTimeoutError): void {
    this.#waiting.clear();
    for (const { answer } of this.#turns.drain()) answer.reject(error);
  }
}
