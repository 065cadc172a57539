import { assert, assertEquals } from "@std/assert";
import { Draw } from "../../central/draw.ts";
import { FairScheduler } from "../../central/fair_scheduler.ts";
import { Session } from "../../central/session.ts";
import { Statistics } from "../../central/statistics.ts";
import { Connection } from "../../net/connection.ts";
import type { ErrorName } from "../../protocol/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { FakeStream } from "../support/fake_stream.ts";
import {
  agencyFrame,
  betFrame,
  Code,
  concat,
  frame,
  readError,
  Type,
} from "../support/frames.ts";
import { askMalformed, randomMalformed } from "../support/malformed_frames.ts";
import { Random, SEED } from "../support/random_bets.ts";
import { testServed as test, wrapWriters } from "../support/served.ts";
import { readFinishers, readStore } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";
import { connect } from "node:net";
import { StorageError } from "../../storage/mod.ts";
import { rows } from "../support/rows.ts";

/** Enough for every kind of malformed frame. */
const MALFORMED = 300;
const GOOD = ["Ana", "Gil", "30904465", "1999-03-17", "7574"];

test(`run() answers malformed frames with their ERROR, and stores what is valid (seed ${SEED})`, async ({ port, storeFile }) => {
  using other = await Wire.connect(port);
  let wire: Wire | undefined;
  const random = new Random(SEED);
  for (let betIndex = 0; betIndex < MALFORMED; betIndex++) {
    wire ??= await Wire.connect(port);
    const good = betFrame({ agency: 2, betIndex, rows: [GOOD] });
    await wire.ok(good);
    if (!await askMalformed(wire, randomMalformed(random))) {
      wire.close();
      wire = undefined;
    }
    await other.ok(betFrame({ betIndex, rows: [GOOD] }));
  }
  wire?.close();
  const stored = await readStore(storeFile);
  assertEquals(stored.length, 2 * MALFORMED);
  assertEquals(stored.flatMap(({ bets }) => bets), stored.map(() => GOOD));
  assertEquals(await readFinishers(storeFile), []);
});

test("run() answers batches in one segment in their order", async ({ port, storeFile }) => {
  using wire = await Wire.connect(port);
  const bad = rows(1)[0]!.with(4, "x");
  // Every third batch is refused, each at a different bet.
  const batches = Array.from({ length: 60 }, (_, i) => ({
    betIndex: 60 * i,
    rows: i % 3 === 1 ? rows(60).with(i, bad) : rows(60),
  }));
  const sending = wire.send(...batches.map(betFrame));
  for (const i of batches.keys()) {
    const reply = await wire.reply();
    if (i % 3 === 1) assertEquals(readError(reply).index, i);
    else assertEquals(reply?.type, Type.OK, `batch ${i}`);
  }
  await sending;
  const stored = (await readStore(storeFile)).map(({ betIndex }) => betIndex);
  const good = batches.filter((_, i) => i % 3 !== 1);
  assertEquals(stored, good.map(({ betIndex }) => betIndex));
});

async function assertTurns(frame: Uint8Array, error: ErrorName): Promise<void> {
  CapturedLog.start();
  const frames = concat(Array(150).fill(frame));
  const stream = new FakeStream([frames], { ends: true });
  const statistics = new Statistics();
  const session = new Session(new Connection(stream, {}), {
    store: {
      writer: () => ({
        append: () => Promise.resolve(0),
        [Symbol.dispose]: () => {},
      }),
      finish: () => Promise.resolve(),
    },
    draw: new Draw({
      winners: () => [],
      draw: { agencies: 0, isHeld: false, held: new Promise(() => {}) },
    }),
    scheduler: new FairScheduler({ size: 1 }),
    ip: "192.0.2.1",
    statistics,
  });
  const running = session.run();
  for (const handled of [64, 128, 150]) {
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(statistics.refusals.get(error), handled);
  }
  await running;
  assert(stream.isClosed);
}

Deno.test("run() lets others have a turn after 64 frames of one read", async () => {
  await assertTurns(agencyFrame(Type.WINNERS_QUERY, 1), "UNKNOWN_AGENCY");
});

for (
  const [what, size] of [["a few", 5000], ["exactly eight", 8192]] as const
) {
  Deno.test(`run() lets others have a turn after 64 frames of which ${what} fill the buffer`, async () => {
    const bad = rows(90).map((row) => row.with(4, "x"));
    const missing = size - betFrame({ rows: bad }).length;
    const padding = bad.map((row, at) =>
      row.with(0, row[0] + "x".repeat(Math.floor((missing + at) / bad.length)))
    );
    const frame = betFrame({ rows: padding as typeof bad });
    assertEquals(frame.length, size);
    await assertTurns(frame, "INVALID_BET");
  });
}

test("run() logs no error for a probe that leaves or resets, and one for an agency that is lost", async ({ port, log }) => {
  const probe = await Wire.connect(port);
  probe.close();
  await log.line("INFO action: close_connection");
  const connected = Promise.withResolvers<void>();
  const resetting = connect(port, "127.0.0.1", connected.resolve);
  await connected.promise;
  await log.line("accept_connections | result: success", 2);
  resetting.resetAndDestroy();
  await log.line("INFO action: close_connection | result: fail");
  const agency = await Wire.connect(port);
  await agency.ask(betFrame({ rows: rows(1) }));
  await agency.send(betFrame({ betIndex: 1, rows: rows(1) }).subarray(0, 9));
  agency.close();
  await log.line("ERROR action: close_connection");
});

test(
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

test(
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
