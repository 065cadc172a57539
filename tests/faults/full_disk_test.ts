import { assertEquals } from "@std/assert";
import { betFrame, Code, readError, Type } from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { Wire } from "../support/wire.ts";
import { readStore } from "../support/stored.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRows } from "../support/made_bets.ts";
import { type FaultContext, testFault as test, times } from "./plan.ts";
import { assertNoOkTakenBack, assertStoredOnce } from "./guarantee.ts";
import { RecordingAgency } from "./recording_agency.ts";
import { runAgency } from "./sending_agency.ts";
import { SmallDisk } from "./small_disk.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const TIMES = times(3, 60);
/** Size of the disk in KiB, and its growth each time it is full. */
const SIZE = 64;
/** More than all of that space, so that the disk is full each time. */
const BETS = TIMES * 400;
const ENOUGH_SIZE = 100_000;
const STORAGE_REGEXP = /error: STORAGE/;

const ignored = SmallDisk.problem;

test(
  "a disk that is full again and again loses no bet and stores none twice",
  fillDisk,
  { ignored },
);

test(
  "a central that is killed on a full disk starts on it, and answers what it has",
  startOnFullDisk,
  { ignored },
);

async function startOnFullDisk({ dir }: FaultContext): Promise<void> {
  await using disk = await SmallDisk.mount(`${dir}/disk`, SIZE);
  await using central = await CrashingCentral.start(`${dir}/disk/bets.csv`);
  const batch = (index: number) =>
    betFrame({ betIndex: 20 * index, rows: rows(20, 20 * index) });
  const ask = async (index: number) => {
    using wire = await Wire.connect(central.port);
    const reply = await wire.ask(batch(index));
    return reply?.type === Type.OK ? "OK" : readError(reply).code;
  };
  assertEquals(await ask(0), "OK");
  await fillUp(`${dir}/disk/filler`);
  let stored = 1;
  while (await ask(stored) === "OK") stored++;
  await central.crash();
  // What a write that was cut off may leave: its copy needs a block.
  await Deno.writeTextFile(central.store, "1,Ana", { append: true });
  await fillUp(`${dir}/disk/filler`);
  await central.restart();
  await central.program.line(/action: recover_store \| result: fail/);
  for (let i = 0; i < stored; i++) assertEquals(await ask(i), "OK");
  assertEquals(await ask(stored), Code.STORAGE);
  await disk.resize(ENOUGH_SIZE);
  assertEquals(await ask(stored), "OK");
  await central.stop();
  assertEquals((await readStore(central.store)).length, stored + 1);
}

/** Takes the last block of a disk. */
async function fillUp(path: string): Promise<void> {
  using file = await Deno.open(path, { append: true, create: true });
  const bytes = new Uint8Array(512);
  try {
    for (;;) await file.write(bytes);
  } catch (error) {
    if (!String(error).includes("os error 28")) throw error;
  }
}

async function fillDisk({ dir, random }: FaultContext): Promise<void> {
  await using disk = await SmallDisk.mount(`${dir}/disk`, SIZE);
  await using central = await CrashingCentral.start(`${dir}/disk/bets.csv`);
  const { port } = central;
  const files = await Promise.all(
    AGENCIES.map((agency) =>
      makeFile(`${dir}/${agency}.csv`, agency, randomRows(random, BETS))
    ),
  );
  const recorder = new RecordingAgency({
    agency: 6,
    port,
    random: random.fork(),
  });
  const sent = Promise.all(
    files.map((file) => runAgency(file, port, { CLI_BATCH_MAXAMOUNT: "10" })),
  );
  await Promise.all([
    sent.finally(() => recorder.finish()),
    recorder.run(),
    makeRoomOften(disk, central, recorder),
  ]);
  await central.stop();
  await assertStoredOnce(central.store, [...files, recorder.acknowledged]);
}

async function makeRoomOften(
  disk: SmallDisk,
  central: CrashingCentral,
  recorder: RecordingAgency,
): Promise<void> {
  for (let time = 1; time <= TIMES; time++) {
    const { lines } = central.program;
    const refused = lines.filter((line) => STORAGE_REGEXP.test(line)).length;
    await central.program.line(STORAGE_REGEXP, refused + 1);
    // In turn it continues, or is started again after SIGKILL or SIGTERM.
    const end = time % 3;
    if (end === 1) await central.crash();
    if (end === 2) await central.stop();
    // After SIGTERM there is no torn tail.
    if (end === 2) await readStore(central.store);
    await assertNoOkTakenBack(central.store, [recorder.acknowledged]);
    await disk.resize(SIZE * (time + 1));
    if (end !== 0) await central.restart();
  }
  await disk.resize(ENOUGH_SIZE);
}
