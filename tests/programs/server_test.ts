import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { readConfig } from "../../program/config/config.ts";
import { ProgramError } from "../../program/errors.ts";
import { runCentral } from "../../server.ts";
import {
  assertEnding,
  assertFailure,
  startCentral,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";
import { numberedBatch, putStore, rowsAt, rowsOf } from "../support/batches.ts";
import { PEM } from "../support/certificates.ts";
import { contents } from "../support/folder.ts";
import { agencyFrame, betFrame, Type } from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { readStore } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";

test("server.ts logs the exercise's lines", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`, {
    LOGGING_LEVEL: "DEBUG",
    SERVER_LISTEN_BACKLOG: "77",
  });
  using wire = await Wire.connect(central.port);
  await wire.ask(betFrame({ agency: 3, rows: rows(150) }));
  await wire.ask(
    betFrame({ agency: 3, rows: [["", "Gil", "1", "1999-03-17", "1"]] }),
  );
  await wire.ask(agencyFrame(Type.FINISH, 3));
  wire.close();
  await central.line(/close_connection/);
  const log = assertEnding(await central.stop(), 0);
  assertEquals(log.map((line) => line.replace(/reason: .*/, "reason: …")), [
    "DEBUG action: config | result: success | port: 0 | listen_backlog: 77 | logging_level: DEBUG",
    "INFO action: recover_store | result: success | bets: 0 | batches: 0 | discarded_bytes: 0",
    `INFO action: listen | result: success | port: ${central.port}`,
    "INFO action: accept_connections | result: in_progress",
    "INFO action: accept_connections | result: success | ip: 127.0.0.1",
    "INFO action: accept_connections | result: in_progress",
    "INFO action: apuesta_recibida | result: success | cantidad: 150 | agency: 3",
    "ERROR action: apuesta_recibida | result: fail | cantidad: 1 | agency: 3 | error: INVALID_BET | reason: …",
    "INFO action: agency_finished | result: success | agency: 3",
    "INFO action: close_connection | result: success | ip: 127.0.0.1",
    "INFO action: stop | result: in_progress | signal: SIGTERM",
    "INFO action: close_listener | result: success",
    "INFO action: close_store | result: success",
  ]);
  // The file with the holder's process id is removed.
  assertEquals(Object.keys(await contents(dir)).sort(), [
    "bets.csv",
    "bets.csv.finished",
  ]);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGHUP", 129]] as const) {
  test(`server.ts stops on ${signal} with agencies in mid-frame`, async (dir) => {
    const storeFile = `${dir}/bets.csv`;
    await using central = await startCentral(storeFile);
    const wires = await Promise.all(
      [1, 2, 3, 4].map(() => Wire.connect(central.port)),
    );
    for (const [i, wire] of wires.entries()) {
      const agency = i + 1;
      await wire.ok(betFrame({ agency, rows: rows(20) }));
      const next = betFrame({ agency, betIndex: 20, rows: rows(20) });
      await wire.send(next.subarray(0, 1 + 60 * i));
    }
    const before = performance.now();
    central.kill(signal);
    const log = assertEnding(await central.ending(), code);
    // They get 600 ms. Far more would be a wait for the idle timeout.
    assertLess(performance.now() - before, 10_000);
    assertEquals(log.slice(-6), [
      "INFO action: close_listener | result: success",
      ...wires.map(() =>
        "INFO action: close_connection | result: success | ip: 127.0.0.1"
      ),
      "INFO action: close_store | result: success",
    ]);
    assertEquals(
      (await readStore(storeFile)).map(({ bets }) => bets),
      wires.map(() => rows(20)),
    );
    for (const wire of wires) wire.close();
  });
}

test("server.ts ends with one line when its store is removed", async (dir) => {
  const storeFile = `${dir}/bets.csv`;
  await using central = await startCentral(storeFile);
  using wire = await Wire.connect(central.port);
  await wire.ok(betFrame({ agency: 1, rows: rows(2) }));
  await Deno.remove(storeFile);
  const { code, stderr, stdout } = await central.ending();
  assertEquals(code, 1);
  assertMatch(stderr, /^server: Cannot trust the store: [^\n]*\n$/);
  assertMatch(stdout, /close_store \| result: success\n$/);
});

test("server.ts says in one line what it cannot use, and changes no file", async (dir) => {
  const storeFile = `${dir}/bets.csv`;
  await using central = await startCentral(storeFile);
  await Deno.symlink(storeFile, `${dir}/alias.csv`);
  await Deno.mkdir(`${dir}/damaged`);
  const damaged = await putStore(
    `${dir}/damaged`,
    rowsOf(numberedBatch(0, 3)).with(5, 0x7f),
    rowsAt(1, [numberedBatch(3, 2)]),
  );
  const before = await contents(`${dir}/damaged`);
  const store = (file: string) => ({ SERVER_STORE_FILE: file });
  const fresh = { SERVER_STORE_FILE: `${dir}/damaged/fresh.csv` };
  const cases: [env: Record<string, string>, line: RegExp][] = [
    [
      store(storeFile),
      new RegExp(
        `^server: Cannot open .* held by process ${central.pid}; stop it, or choose another store\n$`,
      ),
    ],
    [
      store(`${dir}/alias.csv`),
      /^server: Cannot open store .* held by another process; stop it, or choose another store\n$/,
    ],
    [store(damaged), /^server: Cannot open store .* damage at byte 0: /],
    [
      store(`${dir}/nowhere/bets.csv`),
      /^server: Cannot open store ".*": No such file/,
    ],
    [
      { SERVER_PORT: String(central.port) },
      /^server: Cannot listen on port \d+ of .+: .*in use/,
    ],
    // 192.0.2.0/24 is reserved for examples; no machine has it.
    ...["192.0.2.1", "no-such-host.invalid", "a b", "300.1.1.1"].map((
      host,
    ): [Record<string, string>, RegExp] => [
      { SERVER_HOST: host },
      /^server: Cannot listen on port 0 of .+: /,
    ]),
    [
      { SERVER_TLS_CERTIFICATE: PEM.server },
      /Cannot use TLS: tls\.key is not set/,
    ],
    [
      { SERVER_TLS_KEY: PEM.serverKey },
      /Cannot use TLS: tls\.certificate is not set/,
    ],
    [
      { SERVER_CREDENTIALS: `${dir}/none.csv` },
      /Cannot read credentials ".*none\.csv"/,
    ],
  ];
  for (const [env, line] of cases) {
    await using second = startProgram("server", {
      SERVER_PORT: "0",
      ...fresh,
      ...env,
    });
    assertFailure(await second.ending(), line);
  }
  assertEquals(await contents(`${dir}/damaged`), {
    ...await contents(`${dir}/damaged`),
    ...before,
  });
  using wire = await Wire.connect(central.port);
  await wire.ok(betFrame({ rows: rows(1) }));
});

test("runCentral() tells why a store cannot be opened, although it was stopped", async (dir) => {
  const signal = AbortSignal.abort();
  const file = `${dir}/none/bets.csv`;
  const config = readConfig({
    program: "server",
    document: null,
    file: "",
    env: (name) => name === "SERVER_STORE_FILE" ? file : undefined,
  });
  await assertRejects(
    () => runCentral({ config, signal, flags: {} }),
    ProgramError,
    "Cannot open store",
  );
});
