import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import { parse } from "@std/csv";
import { describeAgencies } from "../../tools/data/agency_files.ts";
import { makeData } from "../../tools/data/make_data.ts";
import { makeCourseData } from "../support/course_data.ts";
import {
  assertEnding,
  startAgency,
  startCentral,
  testPrograms as test,
} from "../support/programs.ts";
import { readBets } from "../support/stored.ts";

const COURSE_BETS = 78_697;
/** Winners of each agency of the course. */
const WINNERS = [2, 3, 3, 2, 0];

test("five agencies at once store every bet and get their winners, and store nothing when run again", async (dir) => {
  await makeCourseData(dir);
  const files = await readFiles(dir);
  await Deno.mkdir(`${dir}/store`);
  const storeFile = `${dir}/store/bets.csv`;
  const draw = { SERVER_DRAW_AGENCIES: "5" };
  await using central = await startCentral(storeFile, draw);
  const agencies = WINNERS.map((_, index) =>
    startAgency(
      index + 1,
      `${dir}/agency-{id}.csv`,
      central.port,
      { CLI_LOG_LEVEL: "DEBUG" },
      ["--winners", `${dir}/winners-${index + 1}.txt`],
    )
  );
  for (const [index, count] of WINNERS.entries()) {
    const log = assertEnding(await agencies[index]!.ending(), 0);
    const documents = files.get(index + 1)!
      .filter(([, , , , number]) => Number(number) === 7574)
      .map(([, , document]) => document);
    const written = await Deno.readTextFile(`${dir}/winners-${index + 1}.txt`);
    assertEquals(written.split("\n").slice(0, -1), documents);
    assertEquals(log.slice(-1 - count), [
      `INFO action: consulta_ganadores | result: success | cant_ganadores: ${count}`,
      ...documents.map((document) =>
        `DEBUG action: winner | result: success | document: ${document}`
      ),
    ]);
  }
  const stored = await readBets(storeFile);
  assertEquals(stored, files);
  assertEquals([...stored.values()].flat().length, COURSE_BETS);
  const before = await Deno.readFile(storeFile);
  await runAll(dir, central.port);
  assertSameBytes(await Deno.readFile(storeFile), before);
  assertEnding(await central.stop(), 0);

  // A new central on the same store knows every bet, in any batch size.
  await using next = await startCentral(storeFile, draw);
  await next.line(new RegExp(`recover_store .* bets: ${COURSE_BETS} `));
  await runAll(dir, next.port, {
    CLI_BATCH_MAXAMOUNT: "97",
    CLI_BATCH_WINDOW: "16",
  });
  assertSameBytes(await Deno.readFile(storeFile), before);
  assertEnding(await next.stop(), 0);
});

for (const window of [1, 8]) {
  test(`SIGTERM in mid-stream with a window of ${window} loses nothing`, async (dir) => {
    // Batches of 2 take so long that the fault comes in the middle.
    await makeData({ dir, agencies: 3, bets: 30_000 });
    const files = await readFiles(dir);
    const storeFile = `${dir}/bets.csv`;
    await using central = await startCentral(storeFile);
    const agencies = [...files.keys()].map((id) =>
      startAgency(id, `${dir}/agency-${id}.csv`, central.port, {
        CLI_BATCH_MAXAMOUNT: "2",
        CLI_BATCH_WINDOW: String(window),
        CLI_LOG_LEVEL: "DEBUG",
      })
    );
    await Promise.all(
      agencies.map((agency) =>
        agency.line(/apuesta_enviada \| result: success/, 20)
      ),
    );
    const before = performance.now();
    for (const program of [central, ...agencies]) program.kill("SIGTERM");
    const centralLog = assertEnding(await central.ending(), 0);
    const endings = await Promise.all(agencies.map((one) => one.ending()));
    // On an idle machine this takes less than a second.
    assertLess(performance.now() - before, 10_000);
    assertEquals(
      [centralLog.at(-1), centralLog.filter(isClosedListener).length],
      ["INFO action: close_store | result: success", 1],
    );

    const stored = await readBets(storeFile);
    for (const [i, [id, all]] of [...files].entries()) {
      const log = assertEnding(endings[i]!, 0);
      assertEquals(log.slice(-3), [
        "INFO action: close_connection | result: success",
        "INFO action: close_file | result: success",
        "INFO action: stop | result: success | signal: SIGTERM",
      ]);
      const bets = stored.get(id)!;
      assertEquals(bets, all.slice(0, bets.length));
      assertLess(bets.length, all.length);
      assertEquals(bets.length % 2, 0, "a batch in part");
      const acknowledged = countBets(log);
      assertGreaterOrEqual(bets.length, acknowledged);
      assertLessOrEqual(bets.length, acknowledged + 2 * window);
    }

    await using next = await startCentral(storeFile);
    await runAll(dir, next.port);
    assertEquals(await readBets(storeFile), files);
  });
}

/** Runs all agencies of a folder at once, and asserts that they succeed. */
async function runAll(
  dir: string,
  port: number,
  env: Record<string, string> = {},
): Promise<void> {
  const endings = (await describeAgencies(dir, "")).map(({ agency, path }) =>
    startAgency(agency, path, port, env).ending()
  );
  for (const ending of await Promise.all(endings)) assertEnding(ending, 0);
}

async function readFiles(dir: string): Promise<Map<number, string[][]>> {
  const files = new Map<number, string[][]>();
  for (const { agency, path } of await describeAgencies(dir, "")) {
    files.set(agency, parse(await Deno.readTextFile(path)));
  }
  return files;
}

function isClosedListener(line: string): boolean {
  return line === "INFO action: close_listener | result: success";
}

/** Bets that an agency has logged as stored. */
function countBets(log: readonly string[]): number {
  let count = 0;
  for (const line of log) {
    const sent = /apuesta_enviada \| result: success \| cantidad: (\d+)/
      .exec(line);
    count += Number(sent?.[1] ?? 0);
  }
  return count;
}

/** Compares without printing a difference of megabytes. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  assert(actual.every((byte, i) => byte === expected[i]), "the bytes differ");
}
