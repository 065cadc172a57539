import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import { parse } from "@std/csv";
import { describeAgencies } from "../../tools/data/agency_files.ts";
import { makeData } from "../../tools/data/make_data.ts";
import { makeCourseData } from "../support/course_data.ts";
import { assertEnding, testPrograms } from "../support/end_to_end.ts";
import { PieceProxy } from "../support/piece_proxy.ts";
import { startAgency, startCentral } from "../support/programs.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";

const COURSE_BETS = 78_697;

testWithCourseData(
  "five agencies at once store every bet, and nothing when run again",
  async (dir) => {
    const storeFile = `${dir}/bets.csv`;
    await using central = await startCentral(storeFile);
    assertEquals(await runAll(dir, central.port), [0, 0, 0, 0, 0]);
    const stored = await readBets(storeFile);
    assertEquals(stored, await readFiles(dir));
    assertEquals([...stored.values()].flat().length, COURSE_BETS);
    const before = await Deno.readFile(storeFile);
    assertEquals(await runAll(dir, central.port), [0, 0, 0, 0, 0]);
    assertSameBytes(await Deno.readFile(storeFile), before);
    assertEnding(await central.stop(), 0);

    // A new central on the same store knows every bet, in any batch size.
    await using next = await startCentral(storeFile);
    await next.line(
      new RegExp(`recover_store .* bets: ${COURSE_BETS} `),
    );
    const env = { CLI_BATCH_MAXAMOUNT: "97", CLI_BATCH_WINDOW: "16" };
    assertEquals(await runAll(dir, next.port, env), [0, 0, 0, 0, 0]);
    assertSameBytes(await Deno.readFile(storeFile), before);
    assertEnding(await next.stop(), 0);
  },
);

testWithCourseData(
  "writes of 64 KiB on the way give the same store",
  async (dir) => {
    const storeFile = `${dir}/bets.csv`;
    await using central = await startCentral(storeFile);
    await using proxy = new PieceProxy({
      targetPort: central.port,
      pieceSize: 1 << 16,
      gatherTime: 1,
    });
    const env = { CLI_BATCH_WINDOW: "32" };
    assertEquals(await runAll(dir, proxy.port, env), [0, 0, 0, 0, 0]);
    assertEquals(await readBets(storeFile), await readFiles(dir));
    assertGreater(proxy.largestPiece, 2 * 8192);
    assertEnding(await central.stop(), 0);
  },
);

testPrograms(
  "writes of one byte on the way give the same store",
  async (dir) => {
    const file = `${dir}/agency-1.csv`;
    await Deno.writeTextFile(file, csvOf(rows(400)));
    await Deno.mkdir(`${dir}/direct`);
    const stores = [`${dir}/direct/bets.csv`, `${dir}/bets.csv`] as const;
    await using direct = await startCentral(stores[0]);
    assertEnding(await startAgency(1, file, direct.port).ending(), 0);
    await using central = await startCentral(stores[1]);
    await using proxy = new PieceProxy({
      targetPort: central.port,
      pieceSize: 1,
    });
    assertEnding(await startAgency(1, file, proxy.port).ending(), 0);
    assertSameBytes(
      await Deno.readFile(stores[1]),
      await Deno.readFile(stores[0]),
    );
    assertEquals((await readBets(stores[1])).get(1), rows(400));
    assertEquals(proxy.largestPiece, 1);
  },
);

for (const window of [1, 8]) {
  testPrograms(
    `SIGTERM in mid-stream with a window of ${window} loses nothing`,
    async (dir) => {
      // Batches of 2 take so long that the fault comes in the middle.
      await makeData({ dir, agencies: 4, bets: 40_000 });
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
      assertEquals(await runAll(dir, next.port), [0, 0, 0, 0]);
      assertEquals(await readBets(storeFile), files);
    },
  );
}

/** Registers a test with five agencies' files in its folder. */
function testWithCourseData(
  name: string,
  fn: (dir: string) => Promise<void>,
): void {
  testPrograms(name, async (dir) => {
    await makeCourseData(dir);
    await fn(dir);
  });
}

/** Runs all agencies of a folder at once. Returns their exit codes. */
async function runAll(
  dir: string,
  port: number,
  env: Record<string, string> = {},
): Promise<number[]> {
  const endings = (await describeAgencies(dir, "")).map(({ agency, path }) =>
    startAgency(agency, path, port, env).ending()
  );
  return (await Promise.all(endings)).map((ending) => {
    assertEquals(ending.stderr, "");
    return ending.code;
  });
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
