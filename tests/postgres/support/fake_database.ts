/**
 * A database whose answers are what a test says.
 *
 * @module
 */

import type { Ask, Database } from "../../../postgres/connection/database.ts";
import { TABLES } from "../../../postgres/schema/tables.ts";
import { everyTurn } from "../../support/deadline.ts";
import type { Row } from "../../../postgres/connection/session.ts";

/** A statement, in one line, and its parameters. */
export interface Asked {
  text: string;
  values: readonly unknown[];
  name: string | undefined;
}

type Answer = readonly Row[] | Error;
/** Answers to statements: rows, or an error to throw. */
export type Script = readonly Answer[];

export function databaseError(code: string): Error {
  return Object.assign(new Error("it says no"), { code, severity: "ERROR" });
}

/**
 * Gives a script's answers one after the other, then no rows; or the answers of a
 * function that is called with the statement's text.
 */
export class FakeDatabase {
  readonly #answer: (text: string) => Answer | undefined;
  readonly asked: Asked[] = [];
  /** Options of the transactions so far. */
  readonly transactions: unknown[] = [];

  constructor(script: Script | ((text: string) => Answer | undefined)) {
    const left = typeof script === "function" ? [] : [...script];
    this.#answer = typeof script === "function" ? script : () => left.shift();
  }

  readonly query: Ask = (text, values = [], name) => {
    const line = text.replace(/\s+/g, " ").trim();
    this.asked.push({ text: line, values, name });
    const rows = this.#answer(line) ?? [];
    return rows instanceof Error
      ? Promise.reject(rows)
      : Promise.resolve({ rows: [...rows], rowCount: rows.length });
  };

  async transaction<T>(
    work: (ask: Ask) => Promise<T>,
    options?: unknown,
  ): Promise<T> {
    this.transactions.push(options);
    const ask = inTurn(this.query);
    const result = await work(ask);
    await ask("COMMIT");
    return result;
  }

  /** For what takes a real one. */
  get database(): Database {
    return this as unknown as Database;
  }
}

/** The central's tables, as an inspection finds them. */
export function tablesOf(schema: string, isOnPath = true): Row[] {
  return Object.entries(TABLES).map(([name, shape]) => ({
    ...{ ...shape, name, schema, isOnPath, isTable: true, isLogged: true },
    ...{ hasChildren: false, isFiltered: false, interceptors: null },
  }));
}

/** A connection: its next statement must wait for the end of the last one. */
export function inTurn(query: Ask): Ask {
  let isBusy = false;
  return async (...statement) => {
    if (isBusy) throw new Error("the last statement has not ended");
    isBusy = true;
    await everyTurn();
    isBusy = false;
    return await query(...statement);
  };
}
