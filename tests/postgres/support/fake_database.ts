/**
 * A database whose answers are what a test says.
 *
 * @module
 */

import type { Ask, Database } from "../../../postgres/connection/database.ts";
import type { Row } from "../../../postgres/connection/session.ts";

/** A statement, in one line, and its parameters. */
export interface Asked {
  text: string;
  values: readonly unknown[];
  name: string | undefined;
}

/** Answers to statements: rows, or an error to throw. */
export type Script = readonly (readonly Row[] | Error)[];

export function databaseError(code: string): Error {
  return Object.assign(new Error("it says no"), { code, severity: "ERROR" });
}

/** Gives the answers of a script one after the other, then no rows. */
export class FakeDatabase {
  readonly #answers: (readonly Row[] | Error)[];
  readonly asked: Asked[] = [];
  /** Options of the transactions so far. */
  readonly transactions: unknown[] = [];

  constructor(script: Script) {
    this.#answers = [...script];
  }

  readonly query: Ask = (text, values = [], name) => {
    this.asked.push({ text: text.replace(/\s+/g, " ").trim(), values, name });
    const rows = this.#answers.shift() ?? [];
    return rows instanceof Error
      ? Promise.reject(rows)
      : Promise.resolve({ rows: [...rows], rowCount: rows.length });
  };

  async transaction<T>(
    work: (ask: Ask) => Promise<T>,
    options?: unknown,
  ): Promise<T> {
    this.transactions.push(options);
    return await work(this.query);
  }

  /** For what takes a real one. */
  get database(): Database {
    return this as unknown as Database;
  }
}
