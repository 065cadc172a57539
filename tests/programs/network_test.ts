import { assert, assertEquals } from "@std/assert";
import {
  assertEnding,
  assertFailure,
  type RunningProgram,
  startAgency,
  startCentral,
  startFromShell,
  testPrograms as test,
} from "../support/programs.ts";
import { betFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";

/** Enough for the central and some dozens of agencies. */
const DESCRIPTORS = 100;
/**
 * The second command keeps Deno from loading more certificates in the
 * background, which some machines ask for by a variable.
 */
const LIMITED =
  `ulimit -n ${DESCRIPTORS}; unset NODE_EXTRA_CA_CERTS; exec "$@"`;
const FAILS = /accept_connections \| result: fail/;
const RECOVERS =
  /WARN .*accept_connections \| result: success \| failures: \d+ \| seconds: /;
const LISTENS = /action: listen \| result: success \| port: (\d+)/;

function startLimited(dir: string): RunningProgram {
  // The hard limit too: Deno raises the soft one itself.
  return startFromShell(
    LIMITED,
    "server",
    { SERVER_PORT: "0", SERVER_STORE_FILE: `${dir}/bets.csv` },
  );
}

/** Connects until the central has no descriptor left. */
async function exhaust(
  central: RunningProgram,
): Promise<{ port: number; wires: Wire[] }> {
  const port = Number((await central.line(LISTENS))[1]);
  const wires: Wire[] = [];
  for (let i = 0; i < DESCRIPTORS; i++) wires.push(await Wire.connect(port));
  await central.line(FAILS);
  return { port, wires };
}

test("server.ts survives a lack of file descriptors, and logs it once", async (dir) => {
  await using central = startLimited(dir);
  const { port, wires } = await exhaust(central);
  // It still serves its open connections.
  await wires[0]!.ok(betFrame({ rows: rows(1) }));
  for (const wire of wires) wire.close();
  await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(9)));
  const agency = startAgency(2, `${dir}/agency.csv`, port);
  assertEnding(await agency.ending(), 0);
  await central.line(RECOVERS);
  // While connections close, it may run out again. Each time it logs the
  // start and the end once.
  const lines = central.lines.filter((line) =>
    FAILS.test(line) || RECOVERS.test(line)
  );
  for (const [i, line] of lines.entries()) {
    const isFailure = i % 2 === 0;
    assert(
      isFailure ? FAILS.test(line) : RECOVERS.test(line),
      lines.join("\n"),
    );
    if (isFailure) assert(line.includes("Too many open files"), line);
  }
});

test("server.ts stops while it is out of file descriptors", async (dir) => {
  await using central = startLimited(dir);
  const { wires } = await exhaust(central);
  assertEnding(await central.stop(), 0);
  for (const wire of wires) wire.close();
});

/** Listening addresses of a central, and addresses that do and do not reach it. */
const HOSTS: [host: string, reached: string[], missed: string[]][] = [
  ["0.0.0.0", ["127.0.0.1", "127.0.0.2"], ["[::1]"]],
  ["::", ["127.0.0.1", "[::1]"], []],
  ["::1", ["[::1]"], ["127.0.0.1"]],
  ["127.0.0.2", ["127.0.0.2"], ["127.0.0.1", "[::1]"]],
  ["localhost", ["localhost"], ["127.0.0.2"]],
];

for (const [host, reached, missed] of HOSTS) {
  if (host.includes("::") && !hasIpv6()) continue;
  test(`server.ts listens on ${host} if told to`, async (dir) => {
    await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(9)));
    await using central = await startCentral(`${dir}/bets.csv`, {
      SERVER_HOST: host,
    });
    const send = (address: string) =>
      startAgency(1, `${dir}/agency.csv`, central.port, {
        CLI_SERVER_ADDRESS: `${address}:${central.port}`,
        CLI_RETRY_MAXATTEMPTS: "1",
      });
    for (const address of reached) {
      assertEnding(await send(address).ending(), 0);
    }
    for (const address of missed) {
      assertFailure(await send(address).ending(), /Cannot reach the central/);
    }
    assertEquals(await readBets(`${dir}/bets.csv`), new Map([[1, rows(9)]]));
  });
}

test("client.ts tries every address of the central's name", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(9)));
  await using central = await startCentral(`${dir}/bets.csv`, {
    SERVER_HOST: "127.0.0.1",
  });
  // Only the second address has a central.
  const hosts = `${dir}/hosts`;
  await Deno.writeTextFile(hosts, "127.0.0.9 central\n127.0.0.1 central\n");
  const agency = startFromShell(
    // Without the permission, the name has no address.
    'unshare --mount bash -c \'mount --bind "$HOSTS" /etc/hosts; exec "$@"\' bash "$@"',
    "client",
    {
      HOSTS: hosts,
      CLI_ID: "1",
      CLI_AGENCY_FILE: `${dir}/agency.csv`,
      CLI_SERVER_ADDRESS: `central:${central.port}`,
      CLI_RETRY_MAXATTEMPTS: "1",
    },
  );
  const ending = await agency.ending();
  if (ending.stderr.includes("not permitted")) {
    // Then the test cannot decide.
    return;
  }
  assertEnding(ending, 0);
});

/** IPv6 may be off, especially in containers. */
function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable;
  }
}
