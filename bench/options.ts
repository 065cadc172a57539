/**
 * What `deno task bench` is asked to do.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { AGENCIES } from "./data.ts";
import { FULL_BETS } from "./targets.ts";

/** How to use it, for people. */
export const USAGE = `Usage: deno task bench [options]

Measures the parts of a bet's way, the whole system with five agencies, and
crowds of agencies. Every bet and commit mark is checked after every run.

  --runs N        runs of each case, one of each in turn (default 5)
  --bets N        bets of the made set, a multiple of ${AGENCIES} (default ${FULL_BETS})
  --only A,B      only cases with A or B in their names: micro, crowd-1000,
                  crowd-5000, real-window-1, real-window-8, and with --postgres
                  real-postgres-copy, real-postgres-copy-150,
                  real-postgres-insert-150; and those with made- for real-
  --postgres      measure PostgreSQL 15, if it is installed, among them
  --json FILE     where the results go (default bench/out/<time>.json)
  --compare FILE  compare with the results of an earlier sitting
  --draw FILE     only draw the results of an earlier sitting
  --dir DIR       where data and stores are, on the disk that is to be measured
                  (default .data/bench); the data stays there, the stores go
  --help          print this`;

/** The arguments, understood. */
export interface Options {
  /** Whether only the usage is wanted. */
  help: boolean;
  /** Runs of each case. */
  runs: number;
  /** Bets of the made set. */
  bets: number;
  /** Whether PostgreSQL is measured, too. */
  postgres: boolean;
  /** Where the results go, if not in the usual place. */
  json: string | undefined;
  /** Earlier results to compare with. */
  compare: string | undefined;
  /** Earlier results that are all that is drawn. */
  draw: string | undefined;
  /** Where data and stores are; the usual place if not given. */
  dir: string | undefined;
  /** Parts of the names of the cases that are wanted; none for all. */
  only: string[];
}

/**
 * Reads the arguments.
 *
 * @param args Arguments of the command line.
 * @returns What is asked for.
 * @throws {Error} If one of them is wrong.
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bets: { type: "string", default: String(FULL_BETS) },
      compare: { type: "string" },
      dir: { type: "string" },
      draw: { type: "string" },
      help: { type: "boolean", default: false },
      json: { type: "string" },
      only: { type: "string", default: "" },
      postgres: { type: "boolean", default: false },
      runs: { type: "string", default: "5" },
    },
  });
  return {
    help: values.help,
    runs: multiple("--runs", values.runs, 1),
    bets: multiple("--bets", values.bets, AGENCIES),
    postgres: values.postgres,
    json: values.json,
    compare: values.compare,
    draw: values.draw,
    dir: values.dir,
    only: values.only.split(",").filter((part) => part !== ""),
  };
}

/**
 * Says whether a case is wanted.
 *
 * @param name The name of the case.
 * @param only Parts of names; none for all.
 * @returns Whether it is.
 */
export function isWanted(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.includes(part));
}

function multiple(flag: string, text: string, factor: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value % factor === 0) return value;
  throw new RangeError(
    `Cannot use ${flag} "${text}": it must be a whole number from ${factor}${
      factor > 1 ? `, a multiple of ${factor}` : ""
    }`,
  );
}
