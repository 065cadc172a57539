import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { getLogger } from "../../program/logging.ts";
import type { FileStore } from "../../storage/mod.ts";
import { agencyFrame, betFrame, Code, Type } from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { testServed as test, wrapWriters } from "../support/served.ts";
import { readFinishers, readStore } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

test("run() records FINISH after the earlier batches, and does nothing behind it", async ({ port, storeFile, log, stop }) => {
  using wire = await Wire.connect(port);
  await wire.send(
    betFrame({ agency: 7, rows: rows(2) }),
    betFrame({ agency: 7, betIndex: 2, rows: rows(2, 3) }),
    agencyFrame(Type.FINISH, 7),
    betFrame({ agency: 7, betIndex: 4, rows: rows(1, 5) }),
  );
  for (let replies = 0; replies < 3; replies++) {
    await wire.ok();
  }
  await wire.closed();
  await stop();
  assertEquals((await readStore(storeFile)).length, 2);
  assertEquals(await readFinishers(storeFile), [7]);
  await log.line("INFO action: agency_finished | result: success");
});

const overtaken = Promise.withResolvers<void>();

test(
  "run() closes on a bug in a batch whose reply is not due yet",
  async ({ port, log }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ rows: rows(1) }),
      betFrame({ betIndex: 1, rows: rows(1, 2) }),
    );
    while (await wire.reply());
    const line = await log.line("CRITICAL action: close_connection");
    assertStringIncludes(line, "TypeError: a slip");
    using again = await Wire.connect(port);
    await again.ok(betFrame({ rows: rows(1) }));
  },
  {
    wrapStore: intercepting(async (count, append) => {
      if (count === 2) {
        setTimeout(overtaken.resolve);
        throw new TypeError("a slip");
      }
      await overtaken.promise;
      return await append();
    }),
  },
);

test("run() answers received frames when it is stopped", async ({ port, storeFile, log, stop }) => {
  using idle = await Wire.connect(port);
  using partial = await Wire.connect(port);
  using busy = await Wire.connect(port);
  await partial.send(betFrame({ agency: 2, rows: rows(9) }).subarray(0, 50));
  await busy.ok(betFrame({ rows: rows(1) }));
  await log.line("accept_connections | result: success", 3);
  const stopping = stop();
  for (const wire of [idle, partial, busy]) {
    assertEquals((await wire.refusal()).code, Code.SHUTTING_DOWN);
    await wire.closed();
  }
  await stopping;
  assertEquals((await readStore(storeFile)).length, 1);
  assert(log.lines.includes("INFO action: close_listener | result: success"));
});

const held = Promise.withResolvers<void>();

test(
  "run() answers the batches under way when it is stopped, then ends",
  async ({ port, storeFile, log, stop }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ rows: rows(2) }),
      betFrame({ betIndex: 2, rows: rows(2, 3) }),
    );
    await log.line("append 2");
    const stopping = stop();
    held.resolve();
    await wire.ok();
    await wire.ok();
    assertEquals((await wire.refusal()).code, Code.SHUTTING_DOWN);
    await wire.closed();
    wire.close();
    await stopping;
    assertEquals((await readStore(storeFile)).length, 2);
  },
  {
    wrapStore: intercepting(async (count, append) => {
      getLogger().info(`append ${count}`);
      await held.promise;
      return await append();
    }),
  },
);

/** A store that calls a function before each append. */
function intercepting(
  intercept: (count: number, append: () => Promise<number>) => Promise<number>,
): (store: FileStore) => FileStore {
  return (store) => {
    let count = 0;
    return wrapWriters(store, (writer) => ({
      append(batch): Promise<number> {
        // The bytes of a frame are valid only until the next one.
        const copy = structuredClone(batch);
        return intercept(++count, () => writer.append(copy));
      },
      [Symbol.dispose]: () => writer[Symbol.dispose](),
    }));
  };
}
