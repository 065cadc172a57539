// Reports the result of a demo as a table and in words.

import { alignColumns } from "../../program/help.ts";
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

const HEADS = ["agency", "bets", "sent", "refused", "stored"]
  .concat("seconds", "bets/s", "winners");

interface Row extends Omit<AgencyRun, "agency"> {
  agency: number | string;
  bets: number;
  stored: number;
}

/** A row for each agency, and one for all. */
export function formatTable({ runs, audits, seconds }: DemoResult): string[] {
  const rows: Row[] = runs.map((run, i) => ({ ...run, ...audits[i]! }));
  const sum = (key: "bets" | "sent" | "refused" | "stored" | "winners") =>
    rows.reduce((total, row) => total + (row[key] ?? NaN), 0);
  const all = {
    agency: "all",
    bets: sum("bets"),
    sent: sum("sent"),
    refused: sum("refused"),
    stored: sum("stored"),
    winners: sum("winners"),
    seconds,
  };
  return alignColumns([HEADS, ...[...rows, all].map(formatRow)], 1);
}

function formatRow({ seconds, winners = NaN, ...row }: Row): string[] {
  return [
    ...[row.agency, row.bets, row.sent, row.refused, row.stored].map(String),
    seconds.toFixed(2),
    String(Math.round(row.sent / seconds)),
    // Not every agency knows its winners.
    Number.isNaN(winners) ? "-" : String(winners),
  ];
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
