import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { getLogger } from "../../program/logging.ts";
import {
  type BatchWriter,
  type FileStore,
  StorageError,
} from "../../storage/mod.ts";
import {
  agencyFrame,
  betFrame,
  Code,
  NO_INDEX,
  readError,
  Type,
} from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { testServed } from "../support/served.ts";
import { readFinishers, readStore } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";

testServed(
  "run() records FINISH after the earlier batches, and closes",
  async ({ port, storeFile, log }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ agency: 7, rows: rows(2) }),
      betFrame({ agency: 7, betIndex: 2, rows: rows(2, 3) }),
      agencyFrame(Type.FINISH, 7),
    );
    for (let replies = 0; replies < 3; replies++) {
      assertEquals((await wire.reply())?.type, Type.OK);
    }
    assertEquals(await wire.reply(), null);
    assertEquals((await readStore(storeFile)).length, 2);
    assertEquals(await readFinishers(storeFile), [7]);
    await log.line("INFO action: agency_finished | result: success");
  },
);

testServed(
  "run() answers a repetition with OK and stores it once",
  async ({ port, storeFile }) => {
    using wire = await Wire.connect(port);
    const batch = betFrame({ rows: rows(4) });
    assertEquals((await wire.ask(batch))?.type, Type.OK);
    const before = await Deno.readFile(storeFile);
    assertEquals((await wire.ask(batch))?.type, Type.OK);
    await wire.send(batch, batch);
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals(await Deno.readFile(storeFile), before);
    const longer = betFrame({ betIndex: 2, rows: rows(4, 3) });
    assertEquals((await wire.ask(longer))?.type, Type.OK);
    const bets = (await readStore(storeFile)).flatMap((batch) => batch.bets);
    assertEquals(bets, rows(6));
  },
);

testServed(
  "run() stores bets once that several connections send at once",
  async ({ port, storeFile }) => {
    const batch = betFrame({ rows: rows(50) });
    await Promise.all(Array.from({ length: 10 }, async () => {
      using wire = await Wire.connect(port);
      assertEquals((await wire.ask(batch))?.type, Type.OK);
    }));
    const stored = await readStore(storeFile);
    assertEquals(stored.map(({ bets }) => bets), [rows(50)]);
  },
);

testServed(
  "run() keeps agencies and files apart",
  async ({ port, storeFile }) => {
    using wire = await Wire.connect(port);
    const all = [
      { agency: 1, fingerprint: "00000000000000aa" },
      { agency: 2, fingerprint: "00000000000000aa" },
      { agency: 1, fingerprint: "ffffffffffffffff" },
      { agency: 4294967295, fingerprint: "0000000000000000" },
    ];
    for (const one of all) {
      const reply = await wire.ask(betFrame({ ...one, rows: rows(1) }));
      assertEquals(reply?.type, Type.OK);
    }
    const stored = await readStore(storeFile);
    assertEquals(
      stored.map(({ agency, fingerprint }) => ({ agency, fingerprint })),
      all,
    );
  },
);

testServed(
  "run() has no winners without a draw, and continues",
  async ({ port }) => {
    using wire = await Wire.connect(port);
    const reply = await wire.ask(agencyFrame(Type.WINNERS_QUERY, 1));
    const { code, index, reason } = readError(reply);
    assertEquals([code, index], [Code.UNKNOWN_AGENCY, NO_INDEX]);
    assertStringIncludes(reason, "there is no draw");
    const next = await wire.ask(betFrame({ rows: rows(1) }));
    assertEquals(next?.type, Type.OK);
  },
);

testServed(
  "run() ends without an error when the agency closes between or within frames",
  async ({ port, storeFile, log }) => {
    const batch = betFrame({ rows: rows(3) });
    for (const cut of [0, 3, 100]) {
      using wire = await Wire.connect(port);
      await wire.send(batch.subarray(0, cut));
    }
    await log.line("close_connection | result: success", 1);
    await log.line("close_connection | result: fail", 2);
    assertEquals(log.lines.filter((line) => line.startsWith("CRITICAL")), []);
    using wire = await Wire.connect(port);
    assertEquals((await wire.ask(batch))?.type, Type.OK);
    assertEquals((await readStore(storeFile)).length, 1);
  },
);

testServed(
  "run() answers STORAGE and no later frame, and closes",
  async ({ port, storeFile, log }) => {
    using wire = await Wire.connect(port);
    assertEquals((await wire.ask(betFrame({ rows: rows(1) })))?.type, Type.OK);
    await wire.send(
      betFrame({ betIndex: 1, rows: rows(1, 2) }),
      betFrame({ betIndex: 2, rows: rows(1, 3) }),
    );
    const { code, index, reason } = readError(await wire.reply());
    assertEquals([code, index], [Code.STORAGE, NO_INDEX]);
    assertEquals(reason, "Cannot write to the store: no space");
    assertEquals(await wire.reply(), null);
    await log.line("result: fail | cantidad: 1 | agency: 1 | error: STORAGE");
    using again = await Wire.connect(port);
    const reply = await again.ask(betFrame({ betIndex: 1, rows: rows(1, 2) }));
    assertEquals(reply?.type, Type.OK);
    assertEquals((await readStore(storeFile)).length, 2);
  },
  {
    wrapStore: failing(
      [2, 3],
      new StorageError("Cannot write to the store: no space"),
    ),
  },
);

testServed(
  "run() closes on a bug of the central, and serves other connections",
  async ({ port, log }) => {
    using other = await Wire.connect(port);
    using wire = await Wire.connect(port);
    assertEquals(await wire.ask(betFrame({ rows: rows(1) })), null);
    const line = await log.line("CRITICAL action: close_connection");
    assertStringIncludes(line, "TypeError: a slip");
    const reply = await other.ask(betFrame({ rows: rows(1) }));
    assertEquals(reply?.type, Type.OK);
  },
  { wrapStore: failing([1], new TypeError("a slip")) },
);

const overtaken = Promise.withResolvers<void>();

testServed(
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
    const reply = await again.ask(betFrame({ rows: rows(1) }));
    assertEquals(reply?.type, Type.OK);
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

const refused = Promise.withResolvers<void>();

testServed(
  "run() tells of a fault in a batch that is never answered",
  async ({ port, log }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ rows: rows(1) }),
      betFrame({ betIndex: 1, rows: rows(1, 2) }),
    );
    assertEquals(readError(await wire.reply()).code, Code.STORAGE);
    assertEquals(await wire.reply(), null);
    refused.resolve();
    const line = await log.line("CRITICAL action: close_connection");
    assertStringIncludes(line, "TypeError: a slip");
  },
  {
    wrapStore: intercepting(async (count) => {
      if (count === 1) throw new StorageError("Cannot write to the store");
      await refused.promise;
      throw new TypeError("a slip");
    }),
  },
);

testServed(
  "run() answers complete frames while the next one is incomplete",
  async ({ port, storeFile }) => {
    using wire = await Wire.connect(port);
    const first = betFrame({ rows: rows(2) });
    const second = betFrame({ betIndex: 2, rows: rows(2, 3) });
    await wire.send(first, second.subarray(0, 20));
    assertEquals((await wire.reply())?.type, Type.OK);
    await wire.send(second.subarray(20));
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals((await readStore(storeFile)).length, 2);
  },
);

testServed(
  "run() answers received frames when it is stopped",
  async ({ port, storeFile, log, stop }) => {
    using idle = await Wire.connect(port);
    using partial = await Wire.connect(port);
    using busy = await Wire.connect(port);
    await partial.send(betFrame({ agency: 2, rows: rows(9) }).subarray(0, 50));
    assertEquals((await busy.ask(betFrame({ rows: rows(1) })))?.type, Type.OK);
    await log.line("accept_connections | result: success", 3);
    const stopping = stop();
    for (const wire of [idle, partial, busy]) {
      assertEquals(readError(await wire.reply()).code, Code.SHUTTING_DOWN);
      assertEquals(await wire.reply(), null);
    }
    await stopping;
    assertEquals((await readStore(storeFile)).length, 1);
    assert(log.lines.includes("INFO action: close_listener | result: success"));
  },
);

const held = Promise.withResolvers<void>();

testServed(
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
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals(readError(await wire.reply()).code, Code.SHUTTING_DOWN);
    assertEquals(await wire.reply(), null);
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

/** A store whose appends with these numbers, from 1, fail. */
function failing(
  appends: readonly number[],
  error: Error,
): (store: FileStore) => FileStore {
  return intercepting(async (count, append) => {
    if (appends.includes(count)) throw error;
    return await append();
  });
}

/** A store that calls a function before each append. */
function intercepting(
  intercept: (count: number, append: () => Promise<number>) => Promise<number>,
): (store: FileStore) => FileStore {
  return (store) => {
    let count = 0;
    return new Proxy(store, {
      get(target, name): unknown {
        const value = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name !== "writer") return value.bind(target);
        return (): BatchWriter => {
          const writer = target.writer();
          return {
            append(batch): Promise<number> {
              // The bytes of a frame are valid only until the next one.
              const copy = structuredClone(batch);
              return intercept(++count, () => writer.append(copy));
            },
            [Symbol.dispose]: () => writer[Symbol.dispose](),
          };
        };
      },
    });
  };
}
