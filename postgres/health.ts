// Whether bets can be stored, as shown by the last commits and polls.

import { formatAction, getLogger } from "../program/logging.ts";

/** What failed last: a commit, or polling other centrals' changes. */
export type Subject = "commit" | "read";

/** Keeps the last problem with each subject, and logs its start and end. */
export class Health {
  readonly #problems = new Map<Subject, string>();

  /** Why no bets are accepted, or `undefined` if they are. */
  get problem(): string | undefined {
    return this.#problems.get("commit") ?? this.#problems.get("read");
  }

  /** Reports an outcome: a problem, or `undefined` for success. */
  report(subject: Subject, problem: string | undefined): void {
    const before = this.problem;
    if (problem === undefined) this.#problems.delete(subject);
    else this.#problems.set(subject, problem);
    const now = this.problem;
    // Of several failures the first is logged, then their end.
    if ((before === undefined) === (now === undefined)) return;
    if (now === undefined) {
      getLogger().info(formatAction("database", "success"));
    } else {
      getLogger().error(formatAction("database", "fail", { error: now }));
    }
  }
}
