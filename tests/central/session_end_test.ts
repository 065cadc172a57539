import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connect } from "node:net";
import { StorageError } from "../../storage/mod.ts";
import {
  agencyFrame,
  betFrame,
  Code,
  concat,
  frame,
  readError,
  Type,
} from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { testServed, wrapWriters } from "../support/served.ts";
import { readFinishers, readStore } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

testServed(
  "run() logs no error for a probe, and one for an agency that is lost",
  async ({ port, log }) => {
    const probe = await Wire.connect(port);
    probe.close();
    await log.line("INFO action: close_connection");
    const agency = await Wire.connect(port);
    await agency.ask(betFrame({ rows: rows(1) }));
    await agency.send(betFrame({ betIndex: 1, rows: rows(1) }).subarray(0, 9));
    agency.close();
    await log.line("ERROR action: close_connection");
  },
);

testServed("run() logs no error for a probe that resets", async (served) => {
  const { port, log } = served;
  const connected = Promise.withResolvers<void>();
  const probe = connect(port, "127.0.0.1", connected.resolve);
  await connected.promise;
  await log.line("accept_connections | result: success");
  probe.resetAndDestroy();
  const line = await log.line("close_connection | result: fail");
  assertMatch(line, /^INFO /);
});

testServed(
  "run() answers a FINISH with INCOMPLETE while bets of its file are missing",
  async ({ port, storeFile }) => {
    const batch = { rows: rows(3) };
    for (const [records, expected] of [[4, Code.INCOMPLETE], [3, "OK"]]) {
      using wire = await Wire.connect(port);
      await wire.ok(betFrame(batch));
      const fingerprint = (await readStore(storeFile))[0]!.fingerprint;
      const payload = concat([
        Uint8Array.of(0, 0, 0, 1),
        Uint8Array.fromHex(fingerprint),
        Uint8Array.of(0, 0, 0, Number(records)),
      ]);
      const reply = await wire.ask(frame(Type.FINISH, payload));
      if (expected === "OK") {
        assertEquals(reply?.type, Type.OK);
      } else {
        const { code, reason } = readError(reply);
        assertEquals(code, expected);
        assertStringIncludes(reason, "1 of 4");
      }
      await wire.closed();
    }
  },
);

testServed(
  "run() does nothing for a frame behind a refusal that closes",
  async ({ port, storeFile, log, stop }) => {
    const refused = [
      [Code.MALFORMED, frame(Type.BET, new Uint8Array(3))],
      [Code.STORAGE, betFrame({ rows: rows(1) })],
      [Code.UNKNOWN_TYPE, frame(99)],
    ] as const;
    for (const [code, bytes] of refused) {
      for (
        const next of [
          betFrame({ rows: rows(1) }),
          agencyFrame(Type.FINISH, 1),
          agencyFrame(Type.WINNERS_QUERY, 1),
        ]
      ) {
        using wire = await Wire.connect(port);
        await wire.send(bytes, next);
        assertEquals((await wire.refusal()).code, code);
        await wire.closed();
      }
    }
    await stop();
    assertEquals(await readFinishers(storeFile), []);
    const queries = log.linesWith("consulta");
    assertEquals(queries, []);
  },
  {
    drawAgencies: 2,
    wrapStore: (store) =>
      wrapWriters(store, (writer) => ({
        append: () => Promise.reject(new StorageError("no space")),
        [Symbol.dispose]: () => writer[Symbol.dispose](),
      })),
  },
);

const writers: { isDisposed: boolean }[] = [];

testServed(
  "run() stores a connection's batches with one writer, until its end",
  async ({ port, stop }) => {
    for (const betIndex of [0, 2]) {
      using wire = await Wire.connect(port);
      for (const offset of [0, 1]) {
        const batch = { betIndex: betIndex + offset, rows: rows(1) };
        await wire.ok(betFrame(batch));
      }
    }
    await stop();
    assertEquals(writers, [{ isDisposed: true }, { isDisposed: true }]);
  },
  {
    wrapStore: (store) =>
      wrapWriters(store, (writer) => {
        const state = { isDisposed: false };
        writers.push(state);
        return {
          append: (batch) => writer.append(batch),
          [Symbol.dispose](): void {
            state.isDisposed = true;
            writer[Symbol.dispose]();
          },
        };
      }),
  },
);
