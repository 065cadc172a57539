import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  assertEnding,
  assertFailure,
  startAgency,
  startCentral,
  startFromShell,
  testPrograms as test,
} from "../support/programs.ts";
import { contents } from "../support/folder.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";
import { runTool } from "../support/tool.ts";

/** More than a pipe and a read buffer hold. */
const BETS = 5_000;

/** Shell commands that feed "$FILE" to the agency. */
const INPUTS: Record<string, string> = {
  "standard input": 'CLI_AGENCY_FILE=- exec "$@" < "$FILE"',
  "a pipe on standard input": 'cat "$FILE" | CLI_AGENCY_FILE=- "$@"',
  "/dev/stdin": 'cat "$FILE" | CLI_AGENCY_FILE=/dev/stdin "$@"',
  "a process substitution": 'CLI_AGENCY_FILE=<(gzip -c "$FILE" | zcat) "$@"',
  "a named pipe":
    'mkfifo "$FILE.fifo"; (sleep 0.2; cat "$FILE") > "$FILE.fifo" & CLI_AGENCY_FILE="$FILE.fifo" "$@"',
};

for (const [name, script] of Object.entries(INPUTS)) {
  test(`client.ts sends ${name} like the file itself`, async (dir) => {
    const file = `${dir}/agency.csv`;
    await Deno.writeTextFile(file, csvOf(rows(BETS)));
    const temporary = await Deno.makeTempDir({ dir });
    await using central = await startCentral(`${dir}/bets.csv`);
    const piped = startFromShell(script, "client", {
      CLI_ID: "1",
      CLI_SERVER_ADDRESS: `127.0.0.1:${central.port}`,
      FILE: file,
      TMPDIR: temporary,
    });
    const lines = assertEnding(await piped.ending(), 0);
    assertStringIncludes(lines.at(-1)!, `cantidad: ${BETS} | rejected: 0`);
    assertEquals(await contents(temporary), {});
    const store = await Deno.readTextFile(`${dir}/bets.csv`);
    assertEquals(await readBets(`${dir}/bets.csv`), new Map([[1, rows(BETS)]]));

    // It has the same fingerprint, so the file adds nothing.
    assertEnding(await startAgency(1, file, central.port).ending(), 0);
    assertEquals(await Deno.readTextFile(`${dir}/bets.csv`), store);
  });
}

test("client.ts leaves no copy of a pipe when it is killed", async (dir) => {
  const temporary = await Deno.makeTempDir({ dir });
  const fifo = await makeFifo(dir);
  await using agency = startAgency(1, fifo, 1, { TMPDIR: temporary });
  // Opened for both directions, it does not block, and keeps the pipe open.
  using pipe = await Deno.open(fifo, { read: true, write: true });
  const bytes = new TextEncoder().encode(csvOf(rows(BETS)));
  // This is more than a pipe holds, so the agency has already copied some.
  for (let at = 0; at < bytes.length;) {
    at += await pipe.write(bytes.subarray(at));
  }
  agency.kill("SIGKILL");
  assertEquals((await agency.ending()).code, 137);
  assertEquals(await contents(temporary), {});
});

for (const [signal, code] of [["SIGTERM", 0], ["SIGINT", 130]] as const) {
  test(`client.ts ends on ${signal} while a pipe has no writer`, async (dir) => {
    const fifo = await makeFifo(dir);
    await using agency = startAgency(1, fifo, 1);
    await agency.line(/action: config/);
    agency.kill(signal);
    const lines = assertEnding(await agency.ending(), code);
    assertStringIncludes(lines.at(-1)!, `signal: ${signal}`);
  });
}

test("client.ts reports in one line an input that is not a file", async (dir) => {
  const listener = Deno.listen({ transport: "unix", path: `${dir}/socket` });
  const cases: [path: string, what: RegExp][] = [
    [dir, /it is a directory, expected a regular file, a pipe, or "-"/],
    [`${dir}/socket`, /it is a socket, expected a regular file/],
    ["/dev/null", /it is a device, expected a regular file/],
    ["/proc/self/environ", /it belongs to the system/],
    ["/dev/fd/77", /it belongs to the system|No such file/],
    [`${dir}/none.csv`, /No such file/],
    [`${dir}/socket/x.csv`, /Not a directory/],
  ];
  for (const [path, what] of cases) {
    const ending = await startAgency(1, path, 1).ending();
    assertFailure(ending, what);
    assertStringIncludes(ending.stderr, `"${path}"`);
  }
  listener.close();
});

test("client.ts writes refused rows to the configured file", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`);
  const file = `${dir}/agency-7.csv`;
  await Deno.writeTextFile(file, `no bet\r\n${csvOf(rows(2))}`);
  const env = { CLI_AGENCY_REJECTEDFILE: `${dir}/{id}-refused.csv` };
  const agency = startAgency(7, file, central.port, env);
  assertEnding(await agency.ending(), 2);
  assertEquals(await Deno.readTextFile(`${dir}/7-refused.csv`), "no bet\r\n");
});

async function makeFifo(dir: string): Promise<string> {
  const path = `${dir}/agency.fifo`;
  assertEquals(await runTool("mkfifo", [path]), { code: 0, output: "" });
  return path;
}
