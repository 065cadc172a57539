/**
 * The log of rows that are not stored.
 *
 * @module
 */

import { formatAction, getLogger } from "../program/logging.ts";

/** Number of rows that are logged as errors; a file may have millions. */
const MAX_ERRORS = 100;

/** A row that cannot be sent or breaks a rule. */
export interface RowProblem {
  /** Its line number, from 1. */
  line: number;
  /** Why it is not stored. */
  reason: string;
  /** Its text, if it is fit to be printed. */
  text?: string;
}

/** Logs the first rows as errors, and the rest at DEBUG. */
export class ProblemLog {
  readonly #log = getLogger();
  #rows = 0;

  /**
   * Logs a row.
   *
   * @param problem The row, and what is wrong with it.
   */
  add({ line, reason, text }: RowProblem): void {
    const write = () =>
      formatAction("read_bet", "fail", {
        line,
        reason,
        row: text,
      });
    this.#rows++;
    if (this.#rows <= MAX_ERRORS) this.#log.error(write());
    else this.#log.debug(write);
  }

  /** Logs how many rows were logged at DEBUG only, if any were. */
  complete(): void {
    if (this.#rows <= MAX_ERRORS) return;
    this.#log.warn(formatAction("read_bet", "fail", {
      rows: this.#rows,
      debug_only: this.#rows - MAX_ERRORS,
    }));
  }
}
