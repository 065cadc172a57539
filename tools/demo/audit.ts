/**
 * Whether a store holds the agencies' bets, found out without the programs'
 * own code: both sides are read as CSV and compared, bet for bet, in order.
 *
 * @module
 */

import { parse } from "@std/csv";
import { createHash, type Hash } from "node:crypto";
import type { AgencyFile } from "../agency_files.ts";
import { readLines } from "./text_lines.ts";

/** The part of an agency's file that is needed. */
export type AuditedFile = Pick<AgencyFile, "agency" | "path">;

/** What was found of an agency. */
export interface AgencyAudit {
  /** Number of the agency. */
  agency: number;
  /** Rows of its file but empty ones. */
  bets: number;
  /** Rows of the store that are the agency's. */
  stored: number;
  /** Whether they are the same bets in the same order. */
  isExact: boolean;
}

/** Fields of a bet in an agency's file. */
const FIELD_COUNT = 5;

/**
 * Compares a store with the files that were sent to it.
 *
 * @param storeFile The store's file of bets.
 * @param files The agencies' files.
 * @returns What was found of each agency, in the files' order.
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

/** Some bets, in order. */
class Tally {
  readonly #hash: Hash = createHash("sha256");
  #bets = 0;

  get bets(): number {
    return this.#bets;
  }

  add(fields: readonly string[]): void {
    this.#bets++;
    // No field holds a line break, so that no two sequences look the same.
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

/** The bets of each agency, by its number as it stands there. */
async function tallyStore(path: string): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>();
  const { readable } = await Deno.open(path);
  for await (const line of readLines(readable)) {
    const [agency = "", ...fields] = fieldsOf(line);
    let tally = tallies.get(agency);
    if (!tally) tallies.set(agency, tally = new Tally());
    // Behind the bet there may be a commit mark.
    tally.add(fields.slice(0, FIELD_COUNT));
  }
  return tallies;
}

function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  try {
    return parse(line)[0] ?? [];
  } catch (error) {
    // It is no bet, and will be equal to none.
    if (error instanceof SyntaxError) return [line];
    throw error;
  }
}
