/**
 * Entry of `deno task verify`: checks every commit mark of a store that no
 * central holds, and changes nothing.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { messageOf, ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import {
  DamagedStoreError,
  scanStore,
  type StoredBatch,
} from "../storage/recovery.ts";
import { openUnheldFile, StoreHeldError } from "../storage/store_file.ts";
import { StoreIndex } from "../storage/store_index.ts";
import { chooseStore, runTool } from "./tool.ts";

const USAGE = `Usage: deno task verify [FILE]

Checks every commit mark of the store FILE (default: store.file of config.yaml),
which no central may hold meanwhile. Prints its bets, batches and agencies, and
the first bad byte if there is one. Nothing is changed. For a database there is
deno task verify:postgres.

Exit codes: 0 every byte belongs to a whole batch; 1 not so, or not to be read.

  --help          print this`;

/** What a store holds, up to the first bad byte if there is one. */
export interface StoreReport {
  /** Bets in whole batches. */
  bets: number;
  /** Whole batches. */
  batches: number;
  /** Agencies that they are of. */
  agencies: number;
  /** Where something is wrong; `undefined` if nothing is. */
  fault?: StoreFault;
}

/** What is wrong with a store. */
export interface StoreFault {
  /** Position in the file of the first bad byte. */
  byteOffset: number;
  /** What is wrong, for people. */
  problem: string;
}

/**
 * Checks a store as the central does at its start: every mark, and that no bet
 * is there twice.
 *
 * @param path The file of bets.
 * @returns What is in it.
 * @throws {StoreHeldError} If a central holds it.
 * @throws {Deno.errors.NotFound} If it is not there.
 */
export async function verifyStore(path: string): Promise<StoreReport> {
  using file = await openUnheldFile(path);
  const index = new StoreIndex();
  const agencies = new Set<number>();
  const fault = await findFault(file, (batch) => {
    index.addStored(batch);
    agencies.add(batch.agency);
  });
  const { bets, batches } = index;
  const report = { bets, batches, agencies: agencies.size };
  return fault ? { ...report, fault } : report;
}

async function findFault(
  file: Deno.FsFile,
  onBatch: (batch: StoredBatch) => void,
): Promise<StoreFault | undefined> {
  try {
    const { committedSize, size } = await scanStore(file, onBatch);
    if (committedSize === size) return undefined;
    return {
      byteOffset: committedSize,
      problem:
        `Cannot trust store after byte ${committedSize}: a torn tail of ${
          size - committedSize
        } bytes, never acknowledged; the central saves a copy and cuts it off when it starts`,
    };
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
    return { byteOffset: error.byteOffset, problem: error.message };
  }
}

/** How {@linkcode run} went. */
export interface Outcome {
  /** Lines to print. */
  lines: string[];
  /** What is wrong, if something is: one line. */
  problem?: string;
}

/**
 * Runs `deno task verify`.
 *
 * @param args Arguments of the command line.
 * @returns What to print.
 * @throws {Error} If an argument or the configuration is wrong.
 */
export async function run(args: readonly string[]): Promise<Outcome> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) return { lines: [USAGE] };
  const path = await chooseStore("verify", positionals);
  try {
    return describe(path, await verifyStore(path));
  } catch (error) {
    return { lines: [], problem: explain(path, error) };
  }
}

function describe(path: string, report: StoreReport): Outcome {
  const { bets, batches, agencies, fault } = report;
  const lines = [
    `store: ${path}`,
    `bets: ${bets}`,
    `batches: ${batches}`,
    `agencies: ${agencies}`,
    `first bad byte: ${fault?.byteOffset ?? "none"}`,
  ];
  return fault ? { lines, problem: fault.problem } : { lines };
}

function explain(path: string, error: unknown): string {
  if (error instanceof StoreHeldError) return error.message;
  const state = error instanceof Deno.errors.NotFound
    ? "it is not there"
    : messageOf(error);
  return `Cannot verify store "${path}": ${state}`;
}

async function main(): Promise<void> {
  const { lines, problem } = await run(Deno.args);
  for (const line of lines) writeLine(Deno.stdout, line);
  if (problem !== undefined) throw new ProgramError(problem);
}

if (import.meta.main) await runTool(main);
