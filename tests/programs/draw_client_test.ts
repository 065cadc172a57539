import { assertEquals, assertMatch } from "@std/assert";
import { betOf, finish } from "../support/draw_wire.ts";
import {
  assertEnding,
  startAgency,
  startCentral,
  testPrograms as test,
} from "../support/programs.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";

test("client.ts --winners waits for the draw and writes the winners to a file", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`, {
    SERVER_DRAW_AGENCIES: "2",
  });
  await finish(central.port, 2);
  const file = `${dir}/agency.csv`;
  const bets = [betOf("0012"), betOf("2", "2"), betOf("7574"), betOf("x")];
  await Deno.writeTextFile(file, csvOf(bets));
  const winners = `${dir}/winners.txt`;
  const env = { CLI_BATCH_MAXAMOUNT: "1" };
  const args = ["--finish-anyway", "--winners", winners];
  // The second run replaces what the first one wrote.
  for (const _run of [1, 2]) {
    const agency = startAgency(1, file, central.port, env, args);
    // One row was refused nevertheless.
    assertEnding(await agency.ending(), 2);
    assertEquals(await Deno.readTextFile(winners), "0012\n7574\n");
  }
});

test("client.ts --as-new stores nothing twice if it is stopped while it waits for the draw, and run again", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`, {
    SERVER_DRAW_AGENCIES: "2",
  });
  const file = `${dir}/agency.csv`;
  await Deno.writeTextFile(file, csvOf(rows(3)));
  const run = (...args: string[]) =>
    startAgency(1, file, central.port, {}, args);
  assertEnding(await run("--no-finish").ending(), 0);
  const signals = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
  for (const [runs, signal] of signals.entries()) {
    await using agency = run("--as-new", "--draw-await");
    await central.line(/consulta_ganadores .* in_progress/, runs + 1);
    agency.kill(signal);
    await agency.ending();
  }
  await finish(central.port, 2);
  const log = assertEnding(await run("--as-new", "--draw-await").ending(), 0);
  assertMatch(
    log.at(-2)!,
    /cantidad: 0 .* repeated: 3 .* from a run that was stopped; once this one /,
  );
  const stored = (await readBets(`${dir}/bets.csv`)).get(1)!;
  assertEquals(stored, [...rows(3), ...rows(3)]);
});

test("client.ts stops while it waits for the draw", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`, {
    SERVER_DRAW_AGENCIES: "2",
  });
  await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(3)));
  const env = { CLI_DRAW_AWAIT: "true" };
  await using agency = startAgency(1, `${dir}/agency.csv`, central.port, env);
  await central.line(/consulta_ganadores \| result: in_progress/);
  const log = assertEnding(await agency.stop(), 0);
  assertEquals(log.slice(-3), [
    "INFO action: close_connection | result: success",
    "INFO action: close_file | result: success",
    "INFO action: stop | result: success | signal: SIGTERM",
  ]);
  await central.line(/Cannot send agency 1 its winners: it disconnected/);
});
