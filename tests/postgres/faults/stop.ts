import { assert, assertEquals } from "@std/assert";
import { testFault as test } from "../../faults/plan.ts";
import { startProgram } from "../../support/programs.ts";
import { betOf } from "../../support/draw_wire.ts";
import { betFrame } from "../../support/frames.ts";
import { Wire } from "../../support/wire.ts";
import { Cluster } from "../support/cluster.ts";
import { startOn } from "../support/database_central.ts";

/** Shorter than any statement's limit; it takes 5 s, and more if it is busy. */
const MAX_STOP_MS = 30_000;
const PATIENT = "?statement_timeout=99000";

test("a start whose host does not answer can be stopped", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using program = startProgram("server:postgres", {
    SERVER_STORE_URL: `postgres://u:p@127.0.0.1:${port}/d?connect_timeout=60`,
    SERVER_PORT: "0",
  });
  using _connection = await listener.accept();
  await assertStopsInTime(program);
});

test("a central whose database does not answer can be stopped", async () => {
  await using cluster = await Cluster.start();
  await using central = await startOn(`${cluster.url}${PATIENT}`);
  await cluster.silence();
  using wire = await Wire.connect(central.port);
  await wire.send(betFrame({ rows: [betOf("1")] }));
  // The agency waits now.
  const startedAtMs = performance.now();
  await central.stop();
  assertIsShort(performance.now() - startedAtMs);
});

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
