import { assertEquals } from "@std/assert";
import {
  type MadeFile,
  makeFile,
  randomRow,
  winnersOf,
} from "../../support/made_bets.ts";
import { testFault } from "../../faults/plan.ts";
import { runAgency } from "../../faults/sending_agency.ts";
import { askWinners, betOf, finish } from "../../support/draw_wire.ts";
import { betFrame, Code, readError, Type } from "../../support/frames.ts";
import type { Random } from "../../support/random_bets.ts";
import { Wire } from "../../support/wire.ts";
import { Cluster } from "../support/cluster.ts";
import { assertStored, startOn } from "../support/database_central.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const MAX_BETS = 3_000;
const WIN_CHANCE = 0.01;
const DRAW = { SERVER_DRAW_AGENCIES: String(AGENCIES.length) };

testFault(
  "two centrals store every bet once and hold one draw",
  async ({ dir, random }) => {
    await using cluster = await Cluster.start();
    const files = await Promise.all(
      AGENCIES.map((agency) => makeWinningFile(dir, agency, random)),
    );
    // Both create the tables.
    const centrals = await Promise.all([
      startOn(cluster.url, DRAW),
      startOn(cluster.url, DRAW),
    ]);
    await using one = centrals[0]!;
    await using other = centrals[1]!;
    for (let time = 1; time <= 2; time++) {
      await Promise.all(files.map(async (file, i) => {
        const { port } = (i + time) % 2 === 0 ? one : other;
        await runAgency(file, port, {
          CLI_DRAW_AWAIT: "true",
          CLI_BATCH_MAXAMOUNT: "40",
        });
      }));
      await assertStored(cluster, files);
    }
    for (const file of files) {
      for (const { port } of [one, other]) {
        const winners = await askWinners(port, file.agency);
        assertEquals(winners, winnersOf(file), file.path);
      }
    }
    const held = [...one.program.lines, ...other.program.lines]
      .filter((line) => line.includes("action: sorteo | result: success"));
    assertEquals(held.length, 1);
    for (const { port } of [one, other]) await assertClosed(port, files[0]!);
    await assertStored(cluster, files);
    // A central that starts later knows the draw too.
    await other.crash();
    await other.restart();
    await assertClosed(other.port, files[0]!);
    await one.stop();
    await other.stop();
  },
);

testFault(
  "an agency that waits at one central gets the draw held by another",
  async () => {
    await using cluster = await Cluster.start();
    const env = { SERVER_DRAW_AGENCIES: "2" };
    await using one = await startOn(cluster.url, env);
    await using other = await startOn(cluster.url, env);
    using wire = await Wire.connect(one.port);
    await wire.ask(betFrame({ agency: 1, rows: [betOf("00123456")] }));
    await finish(one.port, 1);
    const waiting = askWinners(one.port, 1);
    await finish(other.port, 2);
    assertEquals(await waiting, ["00123456"]);
  },
);

testFault(
  "a draw whose central died is held by another",
  async () => {
    await using cluster = await Cluster.start();
    const env = { SERVER_DRAW_AGENCIES: "1" };
    await using central = await startOn(cluster.url, env);
    using wire = await Wire.connect(central.port);
    await wire.ask(betFrame({ agency: 1, rows: [betOf("7")] }));
    // The state that a central leaves if it dies right after the last FINISH.
    await cluster.query("UPDATE agencies SET finished_at = now()");
    assertEquals(await askWinners(central.port, 1), ["7"]);
  },
);

testFault("a batch with an invalid bet is stored nowhere", async () => {
  await using cluster = await Cluster.start();
  await using central = await startOn(cluster.url);
  using wire = await Wire.connect(central.port);
  const rows = [betOf("1"), betOf("x")];
  const { code, index } = readError(await wire.ask(betFrame({ rows })));
  assertEquals({ code, index }, { code: Code.INVALID_BET, index: 1 });
  assertEquals(await cluster.query("SELECT count(*) FROM bets"), "0");
});

/** A stored bet is answered with OK, any other is refused. */
async function assertClosed(port: number, file: MadeFile): Promise<void> {
  const { agency, fingerprint, rows } = file;
  using wire = await Wire.connect(port);
  const stored = betFrame({ agency, fingerprint, rows: rows.slice(0, 5) });
  assertEquals((await wire.ask(stored))?.type, Type.OK);
  const late = await wire.ask(betFrame({ agency, rows: [betOf("1")] }));
  assertEquals(readError(late).code, Code.BETTING_CLOSED);
  const unknown = await wire.ask(betFrame({ agency: 6, rows: [betOf("1")] }));
  assertEquals(readError(unknown).code, Code.UNKNOWN_AGENCY);
}

function makeWinningFile(
  dir: string,
  agency: number,
  random: Random,
): Promise<MadeFile> {
  const count = random.between(1, MAX_BETS);
  const rows = Array.from({ length: count }, () => {
    const row = randomRow(random);
    return random.happens(WIN_CHANCE) ? row.with(4, "7574") : row;
  });
  return makeFile(`${dir}/agency-${agency}.csv`, agency, rows);
}
