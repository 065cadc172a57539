import { assertEquals } from "@std/assert";
import { agencyFrame, betFrame, Type } from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { testServed } from "../support/served.ts";
import { readStore } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";

testServed(
  "run() neither answers nor stores a BET behind a FINISH in one segment",
  async ({ port, storeFile, stop }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ rows: rows(1) }),
      agencyFrame(Type.FINISH, 1),
      betFrame({ betIndex: 1, rows: rows(1, 2) }),
    );
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals(await wire.reply(), null);
    await stop();
    assertEquals((await readStore(storeFile)).length, 1);
  },
);

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

const writers: { isDisposed: boolean }[] = [];

testServed(
  "run() stores a connection's batches with one writer, until its end",
  async ({ port, stop }) => {
    for (const betIndex of [0, 2]) {
      using wire = await Wire.connect(port);
      for (const offset of [0, 1]) {
        const batch = { betIndex: betIndex + offset, rows: rows(1) };
        assertEquals((await wire.ask(betFrame(batch)))?.type, Type.OK);
      }
    }
    await stop();
    assertEquals(writers, [{ isDisposed: true }, { isDisposed: true }]);
  },
  {
    wrapStore: (store) =>
      new Proxy(store, {
        get(target, name): unknown {
          const value = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          if (name !== "writer") return value.bind(target);
          return () => {
            const writer = target.writer();
            const state = { isDisposed: false };
            writers.push(state);
            return {
              append: (batch: Parameters<typeof writer.append>[0]) =>
                writer.append(batch),
              [Symbol.dispose](): void {
                state.isDisposed = true;
                writer[Symbol.dispose]();
              },
            };
          };
        },
      }),
  },
);
