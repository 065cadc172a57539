import { assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import { makeCourseData } from "../support/course_data.ts";
import { CrashingCentral } from "../faults/crashing_central.ts";
import { askWinners, betOf, finish, sendBets } from "../support/draw_wire.ts";
import { assertEnding, testPrograms } from "../support/end_to_end.ts";
import {
  type RunningProgram,
  startCentral,
  startProgram,
} from "../support/programs.ts";
import { csvOf } from "../support/rows.ts";
import { readFinishers } from "../support/stored.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const WAITS = /consulta_ganadores \| result: in_progress \| agency: \d/;
const HELD = "action: sorteo | result: success | agencies: 3";
const RECOVERED = "action: recover_draw | result: success | agencies: 3";
const OF_THREE = { SERVER_DRAW_AGENCIES: "3" };

/** Starts an agency that waits for the draw and writes down its winners. */
function startAwaiting(
  id: number,
  dir: string,
  port: number,
  env: Record<string, string> = {},
): RunningProgram {
  return startProgram("client", {
    CLI_ID: String(id),
    CLI_AGENCY_FILE: `${dir}/agency-{id}.csv`,
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    CLI_DRAW_AWAIT: "true",
    CLI_RETRY_BASEDELAY: "20ms",
    CLI_RETRY_MAXATTEMPTS: "1000",
    ...env,
  }, ["--winners", `${dir}/winners-${id}.txt`]);
}

/** Reads the winners that an agency has written. */
async function writtenWinners(dir: string, id: number): Promise<string[]> {
  const text = await Deno.readTextFile(`${dir}/winners-${id}.txt`);
  return text.split("\n").slice(0, -1);
}

/** The winners of an agency's file, found by a simple search. */
async function plainWinners(dir: string, id: number): Promise<string[]> {
  const text = await Deno.readTextFile(`${dir}/agency-${id}.csv`);
  return parse(text).filter((row) => Number(row[4]) === 7574)
    .map((row) => row[2]!);
}

/** Lines of a central's log that are about the draw as a whole. */
function drawLines(central: RunningProgram): string[] {
  return central.lines.filter((line) =>
    /action: (?:sorteo|recover_draw) /.test(line)
  )
    .map((line) => line.slice(line.indexOf("action")));
}

async function drawCourseData(dir: string): Promise<void> {
  await makeCourseData(dir);
  await Deno.mkdir(`${dir}/store`);
  await using central = await startCentral(`${dir}/store/bets.csv`, {
    SERVER_DRAW_AGENCIES: "5",
  });
  const agencies = AGENCIES.map((id) =>
    startAwaiting(id, dir, central.port, { CLI_LOG_LEVEL: "DEBUG" })
  );
  for (const [index, count] of [2, 3, 3, 2, 0].entries()) {
    const id = index + 1;
    const log = assertEnding(await agencies[index]!.ending(), 0);
    const expected = await plainWinners(dir, id);
    assertEquals(expected.length, count);
    assertEquals(await writtenWinners(dir, id), expected);
    assertEquals(log.slice(-1 - count), [
      `INFO action: consulta_ganadores | result: success | cant_ganadores: ${count}`,
      ...expected.map((document) =>
        `DEBUG action: winner | result: success | document: ${document}`
      ),
    ]);
  }
  assertEnding(await central.stop(), 0);
}

testPrograms("five agencies get their winners", drawCourseData);

testPrograms(
  "server.ts holds the draw at its start when it was killed between the last FINISH and the draw",
  async (dir) => {
    const store = `${dir}/bets.csv`;
    await using central = await CrashingCentral.start(store);
    for (const agency of [3, 1, 2]) {
      await sendBets(central.port, agency, [betOf(`${agency}`)]);
      await finish(central.port, agency);
    }
    await central.crash();
    // Like a kill before the draw: the first central held none.
    for (let life = 1; life <= 2; life++) {
      await using next = await startCentral(store, OF_THREE);
      await next.line(/action: recover_draw/);
      assertEquals(drawLines(next), [RECOVERED]);
      for (const agency of [1, 2, 3]) {
        assertEquals(await askWinners(next.port, agency), [`${agency}`]);
        await finish(next.port, agency);
      }
      assertEnding(await next.stop(), 0);
      assertEquals(drawLines(next), [RECOVERED]);
    }
  },
);

testPrograms(
  "server.ts waits for the other agencies when it was killed before the last FINISH",
  async (dir) => {
    const store = `${dir}/bets.csv`;
    await using central = await CrashingCentral.start(store);
    await sendBets(central.port, 1, [betOf("1")]);
    for (const agency of [2, 3, 7, 1]) await finish(central.port, agency);
    await central.crash();
    const { size } = await Deno.stat(`${store}.finished`);
    await Deno.truncate(`${store}.finished`, size - 3);
    await using next = await startCentral(store, OF_THREE);
    const early = askWinners(next.port, 1);
    await next.line(WAITS);
    assertEquals(drawLines(next), []);
    await finish(next.port, 1);
    assertEquals(await early, ["1"]);
    await next.line(/action: sorteo/);
    assertEnding(await next.stop(), 0);
    assertEquals(drawLines(next), [HELD]);
    assertEquals(await readFinishers(store), [2, 3, 7, 1]);
  },
);

testPrograms(
  "server.ts killed between the draw and a reply sends it after the restart",
  async (dir) => {
    await using central = await CrashingCentral.start(
      `${dir}/bets.csv`,
      OF_THREE,
    );
    for (const agency of [1, 2, 3]) {
      await sendBets(central.port, agency, [betOf(`${agency}`)]);
      await finish(central.port, agency);
    }
    await central.program.line(/action: sorteo/);
    assertEquals(await askWinners(central.port, 2), ["2"]);
    for (let life = 1; life <= 2; life++) {
      await central.crash();
      await central.restart();
      for (const agency of [1, 2, 3]) {
        assertEquals(await askWinners(central.port, agency), [`${agency}`]);
      }
      assertEquals(drawLines(central.program), [RECOVERED]);
    }
    await central.stop();
  },
);

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  testPrograms(
    `agencies that wait for the draw outlive ${signal} of the central`,
    async (dir) => {
      for (const id of [1, 2, 3]) {
        const rows = [betOf("9", "75740"), betOf(`${id}1`), betOf(`${id}2`)];
        await Deno.writeTextFile(`${dir}/agency-${id}.csv`, csvOf(rows));
      }
      await using central = await CrashingCentral.start(
        `${dir}/bets.csv`,
        OF_THREE,
      );
      await using first = startAwaiting(1, dir, central.port);
      await using second = startAwaiting(2, dir, central.port);
      for (let life = 1; life <= 2; life++) {
        await central.program.line(WAITS, 2);
        if (signal === "SIGTERM") await central.stop();
        else await central.crash();
        await central.restart();
      }
      await central.program.line(WAITS, 2);
      await using third = startAwaiting(3, dir, central.port);
      for (const [index, agency] of [first, second, third].entries()) {
        const { code, stderr, stdout } = await agency.ending();
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
        const id = index + 1;
        assertEquals(await writtenWinners(dir, id), [`${id}1`, `${id}2`]);
      }
      await central.stop();
      assertEquals(drawLines(central.program), [HELD]);
      if (signal === "SIGTERM") {
        await first.line(/error: SHUTTING_DOWN: /, 2);
      }
    },
  );
}
