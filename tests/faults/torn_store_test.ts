import { assertEquals, assertMatch } from "@std/assert";
import { startProgram } from "../support/programs.ts";
import type { Chance } from "../support/seeded.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type MadeFile, makeFile, randomRows } from "./made_bets.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./promise.ts";
import { runAgency } from "./sending_agency.ts";

/** Byte offsets; tests/storage/recovery_test.ts tries all, in memory. */
const POSITIONS = times(2, 40);
const BATCHES = 8;
const BATCH_SIZE = 4;
/** Batches at the end that are damaged. */
const LAST_BATCHES = 3;
const NEWLINE = 0x0a;
const SETTINGS = { CLI_BATCH_MAXAMOUNT: String(BATCH_SIZE) };

/** A store that a central has left behind. */
interface LeftStore {
  path: string;
  file: MadeFile;
  bytes: Uint8Array<ArrayBuffer>;
  /** Position of each batch, and the end. */
  starts: number[];
}

testFault(
  "server recovers every whole batch of a store that was cut anywhere",
  async ({ dir, random }) => {
    const store = await leaveStore(dir, random);
    for (let i = 0; i < POSITIONS; i++) {
      const size = randomPosition(store, random);
      const whole = store.starts.findLastIndex((start) => start <= size);
      await Deno.writeFile(store.path, store.bytes.subarray(0, size));
      await recover(store, whole, size);
    }
  },
);

testFault(
  "server recovers or refuses a store in which a byte was changed anywhere",
  async ({ dir, random }) => {
    const store = await leaveStore(dir, random);
    for (let i = 0; i < POSITIONS; i++) {
      const at = randomPosition(store, random);
      const bytes = store.bytes.slice();
      bytes[at]! ^= random.between(1, 255);
      const hit = store.starts.findLastIndex((start) => start <= at);
      await Deno.writeFile(store.path, bytes);
      if (hit === BATCHES - 1) await recoverOrRefuse(store, bytes, hit);
      else await refuse(store, bytes, store.starts[hit]!);
    }
  },
);

async function leaveStore(dir: string, random: Chance): Promise<LeftStore> {
  const path = `${dir}/bets.csv`;
  const rows = randomRows(random, BATCHES * BATCH_SIZE);
  const file = await makeFile(`${dir}/1.csv`, 1, rows);
  await using central = await CrashingCentral.start(path);
  await runAgency(file, central.port, SETTINGS);
  await central.stop();
  const bytes = await Deno.readFile(path);
  const ends = [...bytes.keys()].filter((at) => bytes[at] === NEWLINE)
    .filter((_, row) => row % BATCH_SIZE === BATCH_SIZE - 1);
  assertEquals(ends.length, BATCHES);
  return { path, file, bytes, starts: [0, ...ends.map((end) => end + 1)] };
}

function randomPosition({ bytes, starts }: LeftStore, random: Chance): number {
  return random.between(starts.at(-1 - LAST_BATCHES)!, bytes.length - 1);
}

/** A complete line of the tail that is not a row is damage. */
async function recoverOrRefuse(
  store: LeftStore,
  bytes: Uint8Array<ArrayBuffer>,
  whole: number,
): Promise<void> {
  try {
    await recover(store, whole, bytes.length);
  } catch (error) {
    if (!String(error).includes("is not a row of a store")) throw error;
    assertEquals(await Deno.readFile(store.path), bytes, "untouched");
  }
}

/** Asserts that the first batches are stored, and the agency adds the rest. */
async function recover(
  { path, file, bytes, starts }: LeftStore,
  whole: number,
  size: number,
): Promise<void> {
  await using central = await CrashingCentral.start(path);
  const discarded = size - starts[whole]!;
  const line = `batches: ${whole} \\| discarded_bytes: ${discarded}( |$)`;
  await central.program.line(new RegExp(line));
  assertEquals(await Deno.readFile(path), bytes.slice(0, starts[whole]));
  await runAgency(file, central.port, SETTINGS);
  await central.stop();
  await assertStoredOnce(path, [file]);
  assertEquals(await Deno.readFile(path), bytes);
}

async function refuse(
  { path }: LeftStore,
  bytes: Uint8Array<ArrayBuffer>,
  byteOffset: number,
): Promise<void> {
  await using central = startProgram("server", {
    SERVER_STORE_FILE: path,
    SERVER_PORT: "0",
  });
  const { code, stderr } = await central.ending();
  assertEquals(code, 1);
  assertMatch(stderr, new RegExp(`damage at byte ${byteOffset}: [^\n]*\n$`));
  assertEquals(await Deno.readFile(path), bytes, "the file is untouched");
}
