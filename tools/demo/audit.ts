// Checks that a store has the agencies' bets, without the programs' own code:
// reads both sides as CSV and compares them bet for bet, in order.

import { parse } from "@std/csv";
import { createHash, type Hash } from "node:crypto";
import type { AgencyFile } from "../data/agency_files.ts";
import { readLines } from "./text_lines.ts";

/** The part of an agency's file that is needed. */
export type AuditedFile = Pick<AgencyFile, "agency" | "path">;

export interface AgencyAudit {
  agency: number;
  /** Number of rows of its file, without empty ones. */
  bets: number;
  /** Number of the agency's rows in the store. */
  stored: number;
  /** Whether they are the same bets in the same order. */
  isExact: boolean;
}

const FIELD_COUNT = 5;

/**
 * Compares a store with the files that were sent to it. Returns a result for
 * each agency, in the order of the files.
 */
export async function auditStore(
  storeFile: string,
  files: readonly AuditedFile[],
): Promise<AgencyAudit[]> {
  const stored = await tallyStore(storeFile);
  const audits: AgencyAudit[] = [];
  // Many agencies may have sent the same file.
  const tallies = new Map<string, Tally>();
  for (const { agency, path } of files) {
    const sent = tallies.get(path) ?? await tallyFile(path);
    tallies.set(path, sent);
    const found = stored.get(String(agency)) ?? new Tally();
    audits.push({
      agency,
      bets: sent.bets,
      stored: found.bets,
      isExact: found.bets === sent.bets && found.digest() === sent.digest(),
    });
  }
  return audits;
}

class Tally {
  readonly #hash: Hash = createHash("sha256");
  #bets = 0;

  get bets(): number {
    return this.#bets;
  }

  add(fields: readonly string[]): void {
    this.#bets++;
    // No field contains a line break, so different bets give different text.
    this.#hash.update(`${fields.join("\n")}\n\n`);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

async function tallyFile(path: string): Promise<Tally> {
  const tally = new Tally();
  const { readable } = await Deno.open(path);
  for await (const line of readLines(readable)) {
    if (line !== "") tally.add(fieldsOf(line));
  }
  return tally;
}

/** Returns each agency's bets, by its id as written in the store. */
async function tallyStore(path: string): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>();
  const { readable } = await Deno.open(path);
  for await (const line of readLines(readable)) {
    const [agency = "", ...fields] = fieldsOf(line);
    let tally = tallies.get(agency);
    if (!tally) tallies.set(agency, tally = new Tally());
    // A commit mark may follow the bet.
    tally.add(fields.slice(0, FIELD_COUNT));
  }
  return tallies;
}

function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  try {
    return parse(line)[0] ?? [];
  } catch (error) {
    // A line that is not CSV is not a bet, and equals none.
    if (error instanceof SyntaxError) return [line];
    throw error;
  }
}
