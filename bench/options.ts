/**
 * The arguments of `deno task bench`.
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
                  crowd-5000, real-window-1, real-window-8, real-window-32, and
                  with --postgres real-postgres-copy, real-postgres-copy-150,
                  real-postgres-insert-150; and those with made- for real-
  --postgres      also measure PostgreSQL 15, if it is installed
  --json FILE     where the results go (default bench/out/<time>.json)
  --compare FILE  compare with the results of an earlier sitting
  --draw FILE     only draw the results of an earlier sitting
  --dir DIR       where data and stores are, on the disk to be measured
                  (default .data/bench); the data stays there, the stores go
  --help          print this`;

/** The parsed arguments. */
export interface Options {
  /** Whether only the usage is wanted. */
  help: boolean;
  /** Runs of each case. */
  runs: number;
  /** Bets of the made set. */
  bets: number;
  /** Whether PostgreSQL is measured too. */
  postgres: boolean;
  /** Where the results go, if not to the usual place. */
  json: string | undefined;
  /** Earlier results to compare with. */
  compare: string | undefined;
  /** Earlier results to draw, and nothing else. */
  draw: string | undefined;
  /** Where data and stores are, if not in the usual place. */
  dir: string | undefined;
  /** Parts of the names of the wanted cases; empty for all. */
  only: string[];
}

/** Parses the arguments. Throws an `Error` if one of them is wrong. */
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
  const { help, postgres, json, compare, draw, dir } = values;
  return {
    ...{ help, postgres, json, compare, draw, dir },
    runs: multiple("--runs", values.runs, 1),
    bets: multiple("--bets", values.bets, AGENCIES),
    only: values.only.split(",").filter((part) => part !== ""),
  };
}

/** True if a case's name has one of the parts, or if there are none. */
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
