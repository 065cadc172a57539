import { assertEquals, assertLess } from "@std/assert";
import { freePort } from "../support/programs.ts";
import { isDisconnection } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { makeFile, randomRows } from "../support/made_bets.ts";
import { memoryOf } from "./memory.ts";
import { testFault as test, times } from "./plan.ts";
import { runAgency } from "./sending_agency.ts";

const SLOW_REQUESTS = times(50, 1_000);
const MALFORMED_REQUESTS = times(300, 10_000);
const BETS = times(3_000, 50_000);
/** Tolerance in bytes for objects that are not collected yet. */
const MEMORY_SLACK = 64 << 20;
const MALFORMED = [
  "\0\xff\xfe\r\n\r\n",
  "GET\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
  `GET /${"a".repeat(70_000)} HTTP/1.1\r\n\r\n`,
];

test("central serves agencies during slow and malformed requests to its status page", async ({ dir, random }) => {
  const statusPort = freePort();
  await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
    SERVER_STATUS_PORT: String(statusPort),
  });
  const { port, program } = central;
  const before = await memoryOf(program.pid);
  const slow = await Promise.all(
    Array.from(
      { length: SLOW_REQUESTS },
      () => request(statusPort, "GET / HTTP/1.1\r\nHo"),
    ),
  );
  const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, BETS));
  const sending = runAgency(file, port, { CLI_BATCH_MAXAMOUNT: "10" });
  for (let i = 0; i < MALFORMED_REQUESTS; i++) {
    using conn = await request(statusPort, random.pick(MALFORMED));
    await readOnce(conn);
  }
  await sending;
  const after = await memoryOf(program.pid);
  if (before && after) {
    assertLess(after.peak - before.resident, MEMORY_SLACK);
  }
  const ready = await fetch(`http://127.0.0.1:${statusPort}/ready`);
  assertEquals([ready.status, await ready.text()], [200, "ok\n"]);
  for (const conn of slow) conn.close();
  await central.stop();
  await assertStoredOnce(central.store, [file]);
});

/** Sends bytes until the server closes, perhaps before it has read all. */
async function request(port: number, text: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  try {
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
  } catch (error) {
    if (!isDisconnection(error)) throw error;
  }
  return conn;
}

async function readOnce(conn: Deno.TcpConn): Promise<void> {
  try {
    await conn.read(new Uint8Array(100));
  } catch (error) {
    if (!isDisconnection(error)) throw error;
  }
}
