import { assert, assertEquals } from "@std/assert";
import { makeFile, randomRows } from "../../support/made_bets.ts";
import { testFault } from "../../faults/plan.ts";
import { runAgency } from "../../faults/sending_agency.ts";
import { within } from "../../support/deadline.ts";
import { freePort, startProgram } from "../../support/programs.ts";
import { betOf } from "../../support/draw_wire.ts";
import { betFrame } from "../../support/frames.ts";
import { Wire } from "../../support/wire.ts";
import { Cluster } from "../support/cluster.ts";
import { startOn } from "../support/database_central.ts";
import { openStore } from "../support/made_store.ts";

/** Shorter than any statement's limit; it takes 5 s, and more if it is busy. */
const MAX_STOP_MS = 30_000;
const PATIENT = "?statement_timeout=99000";

testFault("a start that waits for a locked table can be stopped", async () => {
  await using cluster = await Cluster.start();
  await (await openStore(cluster.url)).close();
  await using _lock = await cluster.hold("LOCK TABLE loteria, bets");
  await using program = startProgram("server:postgres", {
    SERVER_STORE_URL: `${cluster.url}${PATIENT}`,
    SERVER_PORT: "0",
  });
  await cluster.waitFor(
    "SELECT least(count(*), 1) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
  );
  await assertStopsInTime(program);
});

testFault("a start whose host does not answer can be stopped", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using program = startProgram("server:postgres", {
    SERVER_STORE_URL: `postgres://u:p@127.0.0.1:${port}/d?connect_timeout=60`,
    SERVER_PORT: "0",
  });
  using _connection = await listener.accept();
  await assertStopsInTime(program);
});

testFault(
  "a central whose database does not answer can be stopped",
  async () => {
    await using cluster = await Cluster.start();
    await using central = await startOn(`${cluster.url}${PATIENT}`);
    await cluster.silence();
    using wire = await Wire.connect(central.port);
    await wire.send(betFrame({ rows: [betOf("1")] }));
    // The agency waits now.
    const startedAtMs = performance.now();
    await central.stop();
    assertIsShort(performance.now() - startedAtMs);
  },
);

testFault(
  "/ready reports a repair without any agency",
  async ({ dir, random }) => {
    await using cluster = await Cluster.start();
    const statusPort = freePort();
    await using central = await startOn(cluster.url, {
      SERVER_STATUS_PORT: String(statusPort),
    });
    const isReady = async (status: number) => {
      for (;;) {
        const reply = await fetch(`http://127.0.0.1:${statusPort}/ready`);
        await reply.body?.cancel();
        if (reply.status === status) return;
      }
    };
    const waitForReady = (status: number) =>
      within(isReady(status), () => `/ready is never ${status}`);
    const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, 10));
    await runAgency(file, central.port);
    await waitForReady(200);
    await cluster.query("ALTER TABLE bets ADD CONSTRAINT c CHECK (agency = 1)");
    using wire = await Wire.connect(central.port);
    await wire.ask(betFrame({ agency: 2, rows: [betOf("1")] }));
    await waitForReady(503);
    await cluster.query("ALTER TABLE bets DROP CONSTRAINT c");
    await waitForReady(200);
    await central.stop();
  },
);

async function assertStopsInTime(
  program: ReturnType<typeof startProgram>,
): Promise<void> {
  const startedAtMs = performance.now();
  program.kill("SIGTERM");
  const { code, stderr } = await program.ending();
  assertIsShort(performance.now() - startedAtMs);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
}

function assertIsShort(milliseconds: number): void {
  assert(milliseconds < MAX_STOP_MS, `it took ${milliseconds} ms`);
}
