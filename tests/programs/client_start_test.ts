import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  assertEnding,
  startAgency,
  startFromShell,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";
import { FakeCentral, ok, play, take } from "../support/fake_central.ts";
import { csvOf, rows } from "../support/rows.ts";

test("client.ts takes all it needs as flags", async (dir) => {
  const file = `${dir}/mine.csv`;
  await Deno.writeTextFile(file, csvOf(rows(10)));
  await using central = startProgram("server", {}, [
    ...["--port", "0", "--store-file", `${dir}/bets.csv`],
  ]);
  const [, port] = await central.line(/action: listen .* port: (\d+)/);
  const agency = startProgram("client", { CLI_ID: "7", CLI_FILE: "x.csv" }, [
    ...["--id", "8", `--server=127.0.0.1:${port}`, file],
  ]);
  const lines = assertEnding(await agency.ending(), 0);
  assertEquals(
    lines[0],
    "WARN action: config | result: fail | variable: CLI_FILE | reason: unknown variable, --help lists all",
  );
  assertStringIncludes(lines[1]!, "client_id: 8 |");
  assertStringIncludes(lines.at(-1)!, "cantidad: 10 | rejected: 0 |");
});

test("--help and --version survive a closed pipe", async () => {
  for (const flag of ["--help", "-h", "--version"]) {
    const script = `exec 3> >(true); wait $!; "$@" ${flag} >&3`;
    const { code, stderr } = await startFromShell(script, "client", {})
      .ending();
    assertEquals([code, stderr], [0, ""], flag);
  }
});

test("client.ts prints its fatal error last", async () => {
  const env = { CLI_ID: "1", CLI_SERVER_ADDRESS: "127.0.0.1:1" };
  const script = '"$@" none.csv 2>&1';
  const { stdout } = await startFromShell(script, "client", env).ending();
  const lines = stdout.trim().split("\n");
  assertStringIncludes(lines[0]!, "action: config");
  assertMatch(lines.at(-1)!, /^client: .*none\.csv/);
});

test("--config names another file; variables take precedence", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-7.csv`, csvOf(rows(10)));
  const config = `${dir}/other.yaml`;
  await Deno.writeTextFile(
    config,
    `server:\n  port: 0\nstore:\n  file: ${dir}/bets.csv\nlog:\n  level: DEBUG\n`,
  );
  await using central = startProgram("server", {}, ["--config", config]);
  const [, port] = await central.line(
    /listen \| result: success \| port: (\d+)/,
  );
  assert(
    central.lines[0]!.endsWith("listen_backlog: 4096 | logging_level: DEBUG"),
  );
  await Deno.writeTextFile(
    config,
    `server:\n  address: 127.0.0.1:${port}\nagency:\n  file: ${dir}/agency-{id}.csv\nbatch:\n  maxAmount: 4\n`,
  );
  const agency = startProgram("client", {
    CLI_ID: "7",
    CLI_BATCH_MAXAMOUNT: "6",
  }, ["--config", config]);
  assertEnding(await agency.ending(), 0);
  const counts = (await central.stop()).stdout.matchAll(/cantidad: (\d+)/g);
  assertEquals([...counts].map(([, count]) => count), ["6", "4"]);
});

const SIGNALS = [["SIGTERM", 0], ["SIGINT", 130], ["SIGHUP", 129]] as const;

for (const [signal, code] of SIGNALS) {
  const stopped = [
    "INFO action: close_connection | result: success",
    "INFO action: close_file | result: success",
    `INFO action: stop | result: success | signal: ${signal}`,
  ];

  test(`client.ts stops on ${signal} while it waits for a reply`, async (dir) => {
    const file = `${dir}/agency.csv`;
    await Deno.writeTextFile(file, csvOf(rows(1000)));
    const { promise: waits, resolve } = Promise.withResolvers<void>();
    await using central = new FakeCentral(
      play(take(), ok(), take(), (session) => {
        resolve();
        return session.gone();
      }),
    );
    await using agency = startAgency(1, file, central.port);
    await waits;
    agency.kill(signal);
    const ending = assertEnding(await agency.ending(), code);
    assertEquals(ending.slice(2), stopped);
  });

  test(`client.ts stops on ${signal} while it waits to try again`, async (dir) => {
    const file = `${dir}/agency.csv`;
    await Deno.writeTextFile(file, csvOf(rows(10)));
    await using agency = startAgency(1, file, 1, { CLI_RETRY_BASEDELAY: "1h" });
    await agency.line(/action: connect \| result: fail .* attempt: 1 /);
    agency.kill(signal);
    const ending = assertEnding(await agency.ending(), code);
    assertEquals(ending.slice(3), stopped);
  });
}
