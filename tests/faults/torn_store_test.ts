import { assert, assertEquals, assertMatch } from "@std/assert";
import { contents } from "../support/folder.ts";
import { betFrame, Type } from "../support/frames.ts";
import { startProgram } from "../support/programs.ts";
import type { ForkableRandom } from "../support/seeded.ts";
import { readStore } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type MadeFile, makeFile, randomRows } from "./made_bets.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { runAgency } from "./sending_agency.ts";

/** Byte offsets; tests/storage/recovery/log_scan_test.ts tries all. */
const POSITIONS = times(2, 40);
const BATCHES = 8;
const BATCH_SIZE = 4;
/** Batches at the end that are sent at once, so that they share a write. */
const LAST_BATCHES = 3;
const NEWLINE = 0x0a;

/** A store that a central has left behind. */
interface LeftStore {
  dir: string;
  path: string;
  file: MadeFile;
  bytes: Uint8Array<ArrayBuffer>;
  finished: Uint8Array;
  /** Position of each batch, and the end. */
  starts: number[];
  /** Position of the last write. */
  lastWrite: number;
}

testFault(
  "server recovers the whole batches of a last write that was cut anywhere",
  async ({ dir, random }) => {
    const store = await leaveStore(dir, random);
    for (let i = 0; i < POSITIONS; i++) {
      const size = random.between(store.lastWrite + 1, store.bytes.length - 1);
      await recover(store, store.bytes.slice(0, size), size);
    }
  },
);

testFault(
  "server recovers a store with a changed byte in its last write, and refuses one before",
  async ({ dir, random }) => {
    const store = await leaveStore(dir, random);
    const { lastWrite, bytes, starts } = store;
    for (let i = 0; i < POSITIONS; i++) {
      const inLast = random.between(lastWrite, bytes.length - 1);
      await recover(store, changedAt(bytes, inLast, random), inLast);
      const before = random.between(0, lastWrite - 1);
      const start = starts.findLast((start) => start <= before);
      await refuse(
        store,
        changedAt(bytes, before, random),
        `damage at byte ${start}: `,
      );
    }
  },
);

testFault(
  "server refuses a store that is shorter than when it was stopped",
  async ({ dir, random }) => {
    const store = await leaveStore(dir, random);
    const shorter = store.bytes.slice(0, store.starts[2]);
    await refuse(store, shorter, "are not of the same time");
  },
);

function changedAt(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  random: ForkableRandom,
): Uint8Array<ArrayBuffer> {
  return bytes.with(at, bytes[at]! ^ random.between(1, 255));
}

/** Sends batches one by one, and the last ones at once. */
async function leaveStore(
  dir: string,
  random: ForkableRandom,
): Promise<LeftStore> {
  const path = `${dir}/bets.csv`;
  const rows = randomRows(random, BATCHES * BATCH_SIZE);
  const file = await makeFile(`${dir}/1.csv`, 1, rows);
  await using central = await CrashingCentral.start(path);
  const frames = Array.from({ length: BATCHES }, (_, i) => {
    const betIndex = i * BATCH_SIZE;
    return betFrame({
      fingerprint: file.fingerprint,
      betIndex,
      rows: rows.slice(betIndex, betIndex + BATCH_SIZE),
    });
  });
  using wire = await Wire.connect(central.port);
  const last = frames.splice(-LAST_BATCHES);
  for (const frame of frames) {
    assertEquals((await wire.ask(frame))?.type, Type.OK);
  }
  await wire.send(...last);
  for (const _ of last) assertEquals((await wire.reply())?.type, Type.OK);
  await central.stop();
  const bytes = await Deno.readFile(path);
  const ends = [...bytes.keys()].filter((at) => bytes[at] === NEWLINE)
    .filter((_, row) => row % BATCH_SIZE === BATCH_SIZE - 1);
  assertEquals(ends.length, BATCHES);
  return {
    ...{ dir, path, file, bytes },
    finished: await Deno.readFile(`${path}.finished`),
    starts: [0, ...ends.map((end) => end + 1)],
    lastWrite: (await readStore(path)).at(-1)!.write,
  };
}

/** Asserts that the batches before a byte are stored, and the agency adds the rest. */
async function recover(
  store: LeftStore,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
): Promise<void> {
  const { path, file, starts } = store;
  const whole = starts.findLastIndex((start) => start <= at);
  await putBack(store, bytes);
  await using central = await CrashingCentral.start(path);
  const discarded = bytes.length - starts[whole]!;
  const line = `batches: ${whole} \\| discarded_bytes: ${discarded}( |$)`;
  await central.program.line(new RegExp(line));
  assertEquals(await Deno.readFile(path), bytes.slice(0, starts[whole]));
  await runAgency(file, central.port, {
    CLI_BATCH_MAXAMOUNT: String(BATCH_SIZE),
  });
  await central.stop();
  await assertStoredOnce(path, [file]);
}

async function refuse(
  store: LeftStore,
  bytes: Uint8Array<ArrayBuffer>,
  reason: string,
): Promise<void> {
  const { path, dir } = store;
  await putBack(store, bytes);
  const before = await contents(dir);
  await using central = startProgram("server", {
    SERVER_STORE_FILE: path,
    SERVER_PORT: "0",
  });
  const { code, stderr } = await central.ending();
  assertEquals(code, 1);
  assertMatch(stderr, /^[^\n]*\n$/);
  assert(stderr.includes(reason), stderr);
  assertEquals(await contents(dir), before, "the files are untouched");
}

/** Puts the store back as it was left, but for the bets file's bytes. */
async function putBack(
  { path, finished }: LeftStore,
  bytes: Uint8Array,
): Promise<void> {
  await Deno.writeFile(path, bytes);
  await Deno.writeFile(`${path}.finished`, finished);
}
