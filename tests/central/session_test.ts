import { assert, assertEquals } from "@std/assert";
import { Draw } from "../../central/draw.ts";
import { FairScheduler } from "../../central/fair_scheduler.ts";
import { Session } from "../../central/session.ts";
import { Statistics } from "../../central/statistics.ts";
import { Connection } from "../../net/connection.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { FakeStream } from "../support/fake_stream.ts";
import {
  agencyFrame,
  betFrame,
  concat,
  readError,
  Type,
} from "../support/frames.ts";
import { askMalformed, malformedCorpus } from "../support/malformed_frames.ts";
import { Random, SEED } from "../support/random_bets.ts";
import { rows } from "../support/rows.ts";
import { testServed } from "../support/served.ts";
import { readFinishers, readStore } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

const GOOD = ["Ana", "Gil", "30904465", "1999-03-17", "7574"];

testServed(
  "run() answers each malformed frame with its ERROR, and stores what is valid",
  async ({ port, storeFile }) => {
    using other = await Wire.connect(port);
    let wire: Wire | undefined;
    let betIndex = 0;
    for (const frame of malformedCorpus(new Random(SEED))) {
      wire ??= await Wire.connect(port);
      const good = betFrame({ agency: 2, betIndex, rows: [GOOD] });
      await wire.ok(good);
      if (!await askMalformed(wire, frame)) {
        wire.close();
        wire = undefined;
      }
      await other.ok(betFrame({ betIndex, rows: [GOOD] }));
      betIndex++;
    }
    wire?.close();
    const stored = await readStore(storeFile);
    assertEquals(stored.length, 2 * betIndex);
    assertEquals(stored.flatMap(({ bets }) => bets), stored.map(() => GOOD));
    assertEquals(await readFinishers(storeFile), []);
  },
);

testServed(
  "run() answers batches in one segment in their order",
  async ({ port, storeFile }) => {
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
  },
);

Deno.test("run() lets others have a turn after 64 frames", async () => {
  CapturedLog.start();
  const frames = Array(150).fill(agencyFrame(Type.WINNERS_QUERY, 1));
  const stream = new FakeStream([concat(frames)], { ends: true });
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
    assertEquals(statistics.refusals.get("UNKNOWN_AGENCY"), handled);
  }
  await running;
  assert(stream.isClosed);
});
