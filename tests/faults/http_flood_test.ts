import { assertEquals, assertLess } from "@std/assert";
import { freePort } from "../support/programs.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRows } from "./made_bets.ts";
import { memoryOf } from "./memory.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { runAgency } from "./sending_agency.ts";

const SLOW_REQUESTS = times(50, 1_000);
const MALFORMED_REQUESTS = times(300, 10_000);
const BETS = times(3_000, 50_000);
/** Tolerance in bytes for garbage that is not collected yet. */
const MEMORY_SLACK = 64 << 20;
const MALFORMED = [
  "\0\xff\xfe\r\n\r\n",
  "GET\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
  `GET /${"a".repeat(70_000)} HTTP/1.1\r\n\r\n`,
];

testFault(
  "slow and malformed requests to the status page do not affect agencies",
  async ({ dir, random }) => {
    const statusPort = freePort();
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      SERVER_STATUS_PORT: String(statusPort),
    });
    const { port, program } = central;
    const before = await memoryOf(program.pid);
    const slow = await Promise.all(
      Array.from({ length: SLOW_REQUESTS }, async () => {
        const conn = await connect(statusPort);
        await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHo"));
        return conn;
      }),
    );
    const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, BETS));
    const sending = runAgency(file, port, { CLI_BATCH_MAXAMOUNT: "10" });
    for (let i = 0; i < MALFORMED_REQUESTS; i++) {
      await sendMalformed(statusPort, random.pick(MALFORMED));
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
  },
);

/** Sends bytes and waits for the first bytes of a response. */
async function sendMalformed(port: number, text: string): Promise<void> {
  using conn = await connect(port);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  try {
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
    await conn.read(new Uint8Array(100));
  } catch (error) {
    // The server may close it before everything is sent.
    const isClosed = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.BrokenPipe;
    if (!isClosed) throw error;
  }
}

async function connect(port: number): Promise<Deno.TcpConn> {
  return await Deno.connect({ hostname: "127.0.0.1", port });
}
