import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertEnding,
  assertFailure,
  startAgency,
  startCentral,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";
import { FakeCentral, gone, play, take } from "../support/fake_central.ts";
import { contents } from "../support/folder.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";

test("client.ts sends a file, and logs the exercise's lines", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-3.csv`, csvOf(rows(320)));
  await using central = await startCentral(`${dir}/bets.csv`);
  const agency = startAgency(3, `${dir}/agency-{id}.csv`, central.port, {
    CLI_LOG_LEVEL: "DEBUG",
  });
  const address = `127.0.0.1:${central.port}`;
  const sent = "DEBUG action: apuesta_enviada | result: success | cantidad:";
  assertEquals(assertEnding(await agency.ending(), 0), [
    `INFO action: config | result: success | client_id: 3 | server_address: ${address} | batch_max_amount: 150 | log_level: DEBUG`,
    `INFO action: send_file | result: in_progress | client_id: 3 | file: ${dir}/agency-3.csv | bytes: 12264`,
    `DEBUG action: connect | result: success | server_address: ${address}`,
    `${sent} 150`,
    `${sent} 150`,
    `${sent} 20`,
    `INFO action: loop_finished | result: success | client_id: 3 | cantidad: 320 | rejected: 0 | repeated: 0 | records: 320 | file: ${dir}/agency-3.csv`,
  ]);
  assertEquals(await readBets(`${dir}/bets.csv`), new Map([[3, rows(320)]]));
  assert(!Object.hasOwn(await contents(dir), "agency-3.csv.rejected.csv"));
});

test("client.ts sets refused rows aside, to be corrected", async (dir) => {
  const file = `${dir}/agency.csv`;
  const rejected = `${file}.rejected.csv`;
  const bad = rows(1, 7)[0]!.with(2, "0030904465").with(4, "x");
  const worse = "Ana,Gil\r\n";
  const all = [...rows(6), bad, ...rows(13, 8)];
  const text = csvOf(all.slice(0, 2)) + worse + csvOf(all.slice(2));
  await Deno.writeTextFile(file, text);
  await using central = await startCentral(`${dir}/bets.csv`);
  const env = { CLI_BATCH_MAXAMOUNT: "5" };
  const first = startAgency(1, file, central.port, env);
  const log = assertEnding(await first.ending(), 2);
  assertEquals(log.slice(2), [
    "ERROR action: read_bet | result: fail | line: 3 | reason: expected 5 fields but got 2",
    `ERROR action: apuesta_enviada | result: fail | cantidad: 5 | line: 8 | error: INVALID_BET | reason: Cannot take bet: number is not 1 to 10 digits, at most 4294967295: it contains "x" | row: ${
      bad.join(",")
    }`,
    "ERROR action: agency_finished | result: fail | error: INCOMPLETE | reason: Cannot finish agency 1: 2 of 21 bets are not stored | hint: correct the refused rows and send them; --finish-anyway finishes without",
    `INFO action: loop_finished | result: success | client_id: 1 | cantidad: 19 | rejected: 2 | repeated: 0 | records: 21 | file: ${file} | rejected_file: ${rejected}`,
  ]);
  const address = `127.0.0.1:${central.port}`;
  assertEquals(
    log[0],
    `INFO action: config | result: success | client_id: 1 | server_address: ${address} | batch_max_amount: 5 | log_level: INFO`,
  );
  // The central neither sends nor logs a value of a bet.
  for (const line of central.lines) assert(!line.includes(bad[2]!), line);
  assertEquals(await Deno.readTextFile(rejected), worse + csvOf([bad]));
});

test("client.ts --check only reads a file, each --as-new stores it once more", async (dir) => {
  const file = `${dir}/agency.csv`;
  await Deno.writeTextFile(file, csvOf(rows(3)));
  await using central = await startCentral(`${dir}/bets.csv`);
  const bad = "no bet\n" + csvOf(rows(3).with(1, ["", "", "", "", "1"]));
  await Deno.writeTextFile(`${dir}/bad.csv`, bad);
  const runs: [args: string[], code: number, summary: RegExp][] = [
    [["--check", file], 0, /check_finished .* rejected: 0 \| records: 3 /],
    [["--check", `${dir}/bad.csv`], 2, /rejected: 2 \| records: 4 /],
    [[file], 0, /cantidad: 3 \| rejected: 0 \| repeated: 0 \| records: 3 /],
    [[file], 0, /cantidad: 0 .* repeated: 3 .* sent_before: 2.* --as-new /],
    [["--as-new", file], 0, /cantidad: 3 \| rejected: 0 \| repeated: 0 /],
    [["--as-new", file], 0, /cantidad: 3 \| rejected: 0 \| repeated: 0 /],
  ];
  for (const [args, code, summary] of runs) {
    const agency = startAgency(1, file, central.port, {}, args);
    assertMatch(assertEnding(await agency.ending(), code).at(-1)!, summary);
  }
  const stored = (await readBets(`${dir}/bets.csv`)).get(1)!;
  assertEquals(stored, [...rows(3), ...rows(3), ...rows(3)]);
});

test("client.ts says in one line what it cannot do", async (dir) => {
  const file = `${dir}/agency.csv`;
  await Deno.writeTextFile(file, csvOf(rows(1)));
  const good = {
    CLI_ID: "1",
    CLI_AGENCY_FILE: file,
    CLI_RETRY_MAXATTEMPTS: "2",
    CLI_RETRY_BASEDELAY: "1ms",
    // Nothing listens on port 1: it needs a privilege.
    CLI_SERVER_ADDRESS: "127.0.0.1:1",
  };
  const failures: [Record<string, string>, string[], RegExp][] = [
    [{ CLI_ID: "" }, [], /^client: Cannot use agency's id: CLI_ID or --id /],
    [{}, [], /^client: Cannot reach the central at 127\.0\.0\.1:1: 2 attempts/],
    [
      { CLI_SERVER_ADDRESS: "no-such-host.invalid:1" },
      [],
      /^client: Cannot reach the central at no-such-host\.invalid:1: 2 attempts/,
    ],
    [{}, ["--config", `${dir}/none.yaml`], /^client: Cannot read config/],
    [{}, ["--winners", file], /^client: Cannot write winners .* agency's file/],
    [{}, ["--port", "9"], /^client: Cannot use --port: .* use --server here/],
    [{}, ["--no-finish", "--finish-anyway"], /^client: Cannot use --no-finish/],
    [{}, ["--no-finish", "--winners", "-"], /^client: Cannot use --no-finish/],
    [
      { CLI_TLS_CA: `${dir}/none.pem` },
      [],
      /^client: Cannot .* tls\.ca ".*none\.pem": No such file/,
    ],
    [
      { CLI_AGENCY_TOKENFILE: `${dir}/none` },
      [],
      /^client: Cannot read agency\.tokenFile ".*none"/,
    ],
    [
      { CLI_TOKEN: "x".repeat(256) },
      [],
      /^client: (?!.*xxxx).*CLI_TOKEN: it has 256 bytes, expected 1 to 255/,
    ],
    [
      {},
      ["a.csv", "b.csv"],
      /^client: Cannot use "b\.csv": one file .*see --help/,
    ],
  ];
  await Promise.all(failures.map(async ([env, args, line]) => {
    const agency = startProgram("client", { ...good, ...env }, args);
    assertFailure(await agency.ending(), line);
  }));
});

test("client.ts prints a hostile central's reason in one line, without control characters", async (dir) => {
  const file = `${dir}/agency.csv`;
  await Deno.writeTextFile(file, csvOf(rows(1)));
  const reason = "x\n2026-11-29 INFO forged\r\x1b[31m\u202e\u2028";
  await using central = new FakeCentral(
    play(take(), errorFrame(Code.MALFORMED, undefined, reason), gone),
  );
  const ending = await startAgency(1, file, central.port).ending();
  assertEquals(
    ending.stderr,
    "client: Cannot continue: the central answered MALFORMED: x\\u000a2026-11-29 INFO forged\\u000d\\u001b[31m\\u202e\\u2028\n",
  );
});
