import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import {
  agencyFrame,
  betFrame,
  Code,
  concat,
  frame,
  NO_INDEX,
  type RawRow,
  readError,
  Type,
} from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { testServed } from "../support/served.ts";
import { readFinishers, readStore } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";

const GOOD: RawRow = ["Ana", "Gil", "30904465", "1999-03-17", "7574"];
const FIELDS = ["first name", "last name", "document", "birthdate", "number"];
const BAD_NAMES = [
  ...["", " ", "\u00a0", "A\0", "\x1f", "a\x7fb", "A\nB", "\u200bA"],
  ...[[0xff], [0x41, 0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]].map((bytes) =>
    Uint8Array.from(bytes)
  ),
];
/** Violations of each rule of docs/protocol.md, field by field. */
const BAD_VALUES = [
  BAD_NAMES,
  BAD_NAMES,
  ["", "1".repeat(21), "12a", " 1", "-1", "٣"],
  [
    ...["", "1999-3-17", "1999/03/17", "1999-03-17 ", "10000-01-01"],
    ...["0000-01-01", "1999-00-10", "1999-13-01", "1999-01-00", "1999-04-31"],
    ...["1999-02-29", "1900-02-29", "19990317", "hoy"],
  ],
  ["", "4294967296", "9999999999", "00000000001", "-1", "+1", "1.5", "１"],
];
const EXTREMES: RawRow[] = [
  ["ñ".repeat(127) + "x", "y", "0", "0001-01-01", "0"],
  ["😀", '"', "0".repeat(20), "9999-12-31", "4294967295"],
  [" x", "a,b", "12345678901234567890", "2000-02-29", "0000000000"],
];

for (const [field, values] of BAD_VALUES.entries()) {
  testServed(
    `run() refuses batches with a bad ${FIELDS[field]} and stores the next`,
    async ({ port, storeFile, log }) => {
      using wire = await Wire.connect(port);
      for (const [i, value] of values.entries()) {
        const bad = GOOD.with(field, value);
        const refused = [GOOD, GOOD, bad, GOOD, bad];
        const reply = await wire.ask(
          betFrame({ betIndex: 10 * i, rows: refused }),
        );
        const { code, index, reason } = readError(reply);
        assertEquals([code, index], [Code.INVALID_BET, 2], String(value));
        assertStringIncludes(reason, FIELDS[field]!);
        const next = betFrame({ betIndex: 10 * i + 5, rows: rows(3) });
        assertEquals((await wire.ask(next))?.type, Type.OK);
      }
      const betIndexes = (await readStore(storeFile)).map(
        ({ betIndex, bets }) => {
          assertEquals(bets, rows(3));
          return betIndex;
        },
      );
      assertEquals(betIndexes, values.map((_, i) => 10 * i + 5));
      const fails = log.lines.filter((line) => line.includes("result: fail"));
      assertEquals(fails.length, values.length);
      assertStringIncludes(
        fails[0]!,
        "ERROR action: apuesta_recibida | result: fail | cantidad: 5",
      );
    },
  );
}

testServed("run() stores what is just allowed", async ({ port, storeFile }) => {
  using wire = await Wire.connect(port);
  const reply = await wire.ask(betFrame({ rows: EXTREMES }));
  assertEquals(reply, { type: Type.OK, payload: new Uint8Array(0) });
  assertEquals((await readStore(storeFile))[0]?.bets, EXTREMES);
});

testServed("run() takes a frame of 8192 bytes", async ({ port, storeFile }) => {
  const wide = ["x".repeat(255), "y".repeat(255), "1".repeat(20)];
  const large = Array.from(
    { length: 14 },
    () => [...wide, "1999-03-17", "0000000001"],
  );
  const rest = ["x".repeat(255), "y".repeat(117), ...GOOD.slice(2)];
  const bytes = betFrame({ rows: [...large, rest] });
  assertEquals(bytes.length, 8192);
  using wire = await Wire.connect(port);
  assertEquals((await wire.ask(bytes))?.type, Type.OK);
  assertEquals((await readStore(storeFile))[0]?.bets.length, 15);
});

/** Frames that cannot be parsed, or that no agency may send. */
const BROKEN: Record<string, [Uint8Array, number]> = {
  "a BET without a payload": [frame(Type.BET), Code.MALFORMED],
  "a BET shorter than its header": [
    frame(Type.BET, new Uint8Array(17)),
    Code.MALFORMED,
  ],
  "an agency of 0": [betFrame({ agency: 0, rows: [GOOD] }), Code.MALFORMED],
  "a count of 0": [betFrame({ rows: [] }), Code.MALFORMED],
  "a count too high": [betFrame({ rows: rows(3), count: 4 }), Code.MALFORMED],
  "bytes left over": [betFrame({ rows: rows(3), count: 2 }), Code.MALFORMED],
  "a field past the payload": [
    betFrame({ rows: [GOOD] }).with(23, 200),
    Code.MALFORMED,
  ],
  "a FINISH of 3 bytes": [
    frame(Type.FINISH, new Uint8Array(3)),
    Code.MALFORMED,
  ],
  "a FINISH of agency 0": [agencyFrame(Type.FINISH, 0), Code.MALFORMED],
  "a query of 5 bytes": [
    frame(Type.WINNERS_QUERY, new Uint8Array(5)),
    Code.MALFORMED,
  ],
  "type 0": [frame(0), Code.UNKNOWN_TYPE],
  "the central's OK": [frame(Type.OK), Code.UNKNOWN_TYPE],
  "the central's WINNERS": [frame(6), Code.UNKNOWN_TYPE],
  "type 255": [frame(255, new Uint8Array(8187)), Code.UNKNOWN_TYPE],
  "8188 bytes": [frame(Type.BET, undefined, 8188), Code.TOO_LARGE],
  "4294967295 bytes": [frame(Type.BET, undefined, 2 ** 32 - 1), Code.TOO_LARGE],
};

testServed(
  "run() answers invalid frames, closes, and serves other connections",
  async ({ port, storeFile }) => {
    using other = await Wire.connect(port);
    let betIndex = 0;
    for (const [what, [bytes, expected]] of Object.entries(BROKEN)) {
      using wire = await Wire.connect(port);
      const good = betFrame({ agency: 2, betIndex, rows: [GOOD] });
      assertEquals((await wire.ask(good))?.type, Type.OK);
      const { code, index, reason } = readError(await wire.ask(bytes));
      assertEquals([code, index], [expected, NO_INDEX], what);
      assertGreater(reason.length, 0);
      assertEquals(await wire.reply(), null, what);
      const reply = await other.ask(betFrame({ betIndex, rows: [GOOD] }));
      assertEquals(reply?.type, Type.OK, what);
      betIndex++;
    }
    assertEquals((await readStore(storeFile)).length, 2 * betIndex);
  },
);

testServed(
  "run() says why it closes to one who has sent more meanwhile",
  async ({ port }) => {
    using wire = await Wire.connect(port);
    const more = new Uint8Array(100_000);
    await wire.send(frame(Type.BET, undefined, 4294967295), more);
    assertEquals(readError(await wire.reply()).code, Code.TOO_LARGE);
    assertEquals(await wire.reply(), null);
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

testServed(
  "run() answers nothing after an invalid frame",
  async ({ port, storeFile }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ rows: rows(2) }),
      frame(Type.BET, new Uint8Array(3)),
      betFrame({ betIndex: 2, rows: rows(2) }),
      agencyFrame(Type.FINISH, 1),
    );
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals(readError(await wire.reply()).code, Code.MALFORMED);
    assertEquals(await wire.reply(), null);
    const [first] = await readStore(storeFile);
    assertEquals(first?.bets, rows(2));
    assertEquals(await readFinishers(storeFile), []);
  },
);

testServed(
  "run() takes a frame a byte at a time",
  async ({ port, storeFile }) => {
    using wire = await Wire.connect(port);
    for (const byte of concat([betFrame({ rows: rows(2) })])) {
      await wire.send(Uint8Array.of(byte));
    }
    assertEquals((await wire.reply())?.type, Type.OK);
    assertEquals((await readStore(storeFile))[0]?.bets, rows(2));
  },
);
