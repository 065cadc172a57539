// Reports the result of a demo as a table and in words.

import { alignColumns } from "../tool.ts";
import type { StoreReport } from "../../storage/mod.ts";
import type { AgencyAudit } from "./audit.ts";
import type { AgencyRun } from "./lottery.ts";

export interface DemoResult {
  runs: readonly AgencyRun[];
  /** What the store has of each agency, in the same order. */
  audits: readonly AgencyAudit[];
  /** What the check of the store's marks found. */
  store: StoreReport;
  /** From the first agency's start until the last bet was answered. */
  seconds: number;
}

const HEADS = "agency bets sent refused stored seconds bets/s winners".split(
  " ",
);

/** A row for each agency, and one for all. */
export function formatTable({ runs, audits, seconds }: DemoResult): string[] {
  const rows = runs.map((run, i) => row(String(run.agency), run, audits[i]!));
  const total = row(
    "all",
    {
      sent: sum(runs, "sent"),
      refused: sum(runs, "refused"),
      seconds,
      ...totalWinners(runs),
    },
    { bets: sum(audits, "bets"), stored: sum(audits, "stored") },
  );
  return alignColumns([HEADS, ...rows, total]);
}

/** Lists the problems, a line each; none if every bet is in the store. */
export function findProblems({ runs, audits, store }: DemoResult): string[] {
  const problems = runs.flatMap(({ failure }) => failure ?? []);
  for (const { agency, bets, stored, isExact } of audits) {
    if (isExact) continue;
    problems.push(
      bets === stored
        ? `agency ${agency}: its ${bets} bets are not stored as they are in its file`
        : `agency ${agency}: ${stored} of its ${bets} bets are in the store`,
    );
  }
  if (store.fault) problems.push(store.fault.problem);
  return problems;
}

export function formatSuccess({ bets, batches }: StoreReport): string {
  return `Every one of the ${bets} bets is in the store, once and in its file's order; all ${batches} commit marks are good.`;
}

function row(
  name: string,
  { sent, refused, seconds, winners }: Omit<AgencyRun, "agency" | "failure">,
  { bets, stored }: Pick<AgencyAudit, "bets" | "stored">,
): string[] {
  const counts = [bets, sent, refused, stored].map(String);
  const rate = String(Math.round(sent / seconds));
  return [name, ...counts, seconds.toFixed(2), rate, String(winners ?? "-")];
}

/** Number of all winners, if every agency knows its own. */
function totalWinners(
  runs: readonly AgencyRun[],
): Pick<AgencyRun, "winners"> {
  let winners = 0;
  for (const run of runs) {
    if (run.winners === undefined) return {};
    winners += run.winners;
  }
  return { winners };
}

function sum<K extends string>(
  list: readonly Record<K, number>[],
  key: K,
): number {
  return list.reduce((total, one) => total + one[key], 0);
}
