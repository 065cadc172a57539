/**
 * The parts of the way of a bet, each alone: `deno bench`. The name of each says
 * how many bets and bytes one call takes.
 *
 * @module
 */

import { appendTo } from "../tests/support/batches.ts";
import { join } from "node:path";
import { BatchLoader, OutgoingBatch } from "../agency/outgoing_batch.ts";
import { SourceFile } from "../agency/source/source_file.ts";
import { RecordReader } from "../agency/source/record_reader.ts";
import { decodeBatch } from "../protocol.ts";
import type { Batch } from "../bet/bet.ts";
import { findInvalidBet } from "../bet/rules.ts";
import { HEADER_BYTES } from "../protocol.ts";
import { FileStore } from "../storage.ts";
import { scanStore } from "../storage/recovery/scan.ts";
import { RowBuffer } from "../storage/row_buffer.ts";
import { madeAgency } from "../tools/made_bets.ts";

const BETS = 15_000;
const BATCH_BETS = 150;
/** Batches that go in one commit, as from five agencies at once. */
const COMMIT_BATCHES = 5;
/** How many times the bets are in the store that is recovered. */
const STORED_TIMES = 20;
const FINGERPRINT = "c0ffee0000000000";

const dataFolder = join(import.meta.dirname!, "../.data/bench");
await Deno.mkdir(dataFolder, { recursive: true });
const folder = await Deno.makeTempDir({ dir: dataFolder, prefix: "micro-" });
addEventListener("unload", () => {
  Deno.removeSync(folder, { recursive: true });
});

const csvFile = join(folder, "agency-1.csv");
await Deno.writeFile(csvFile, ReadableStream.from(madeAgency(1, BETS)));
// Opened once: hashing the file is not part of cutting it.
const source = await SourceFile.open(csvFile);
const payloads: Uint8Array[] = [];
await cutFile((frame) => payloads.push(frame.slice(HEADER_BYTES)));
const batches = payloads.map(decodeBatch);
const rows = new RowBuffer();
for (const batch of batches) rows.addBatch(batch);
const storedFile = join(folder, "stored.csv");
await fillStore(storedFile);
const stored = await Deno.open(storedFile);
const growing = await FileStore.open(join(folder, "growing.csv"));
let growth = 0;

const csvBytes = (await Deno.stat(csvFile)).size;
const rowBytes = rows.rows.length;
const payloadBytes = payloads.reduce((sum, { length }) => sum + length, 0);

// Deno.bench() waits only for what is declared as async.
bench("CSV to frames", BETS, csvBytes, async () => {
  await cutFile(() => {});
});

bench("decode and validate", BETS, payloadBytes, () => {
  for (const payload of payloads) {
    const invalid = findInvalidBet(decodeBatch(payload).bets);
    if (invalid) throw new Error(`Cannot use bet: ${invalid.reason}`);
  }
});

bench("rows", BETS, rowBytes, () => {
  rows.clear();
  for (const batch of batches) rows.addBatch(batch);
});

bench(`commit ${COMMIT_BATCHES} batches at once`, BETS, rowBytes, async () => {
  for (let at = 0; at < batches.length; at += COMMIT_BATCHES) {
    const commit = batches.slice(at, at + COMMIT_BATCHES);
    await Promise.all(
      commit.map((batch) => appendTo(growing, moved(batch, growth))),
    );
  }
  growth += BETS;
});

const storedBytes = (await stored.stat()).size;
bench("recovery", STORED_TIMES * BETS, storedBytes, async () => {
  let found = 0;
  await scanStore(stored, ({ count }) => found += count);
  if (found !== STORED_TIMES * BETS) {
    throw new Error(`Cannot use run: ${found} bets were found`);
  }
});

/** Each has its own group: they are steps, not alternatives. */
function bench(
  what: string,
  bets: number,
  bytes: number,
  fn: () => void | Promise<void>,
): void {
  Deno.bench({ group: what, name: `${what} (${bets} bets, ${bytes} B)`, fn });
}

/** Cuts the CSV file into frames, in one batch that is used again. */
async function cutFile(onFrame: (frame: Uint8Array) => void): Promise<void> {
  const loader = new BatchLoader(new RecordReader(source), {
    agency: 1,
    fingerprint: FINGERPRINT,
    maxAmount: BATCH_BETS,
    onProblem: ({ problem }) => Promise.reject(new Error(problem)),
  });
  const batch = new OutgoingBatch();
  while (await loader.load(batch)) onFrame(batch.bytes);
}

async function fillStore(path: string): Promise<void> {
  const store = await FileStore.open(path, { fsync: false });
  for (let i = 0; i < STORED_TIMES; i++) {
    await Promise.all(
      batches.map((batch) => appendTo(store, moved(batch, i * BETS))),
    );
  }
  await store.close();
}

/** The same bets, further on in the file, so that they are new to the store. */
function moved(batch: Batch, distance: number): Batch {
  return { ...batch, betIndex: batch.betIndex + distance };
}
