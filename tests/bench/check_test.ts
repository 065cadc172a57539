import { assertEquals, assertRejects } from "@std/assert";
import { LineReader } from "../../bench/line_reader.ts";
import { checkStore, type SentLines } from "../../bench/store_check.ts";
import type { Bet } from "../../bet/bet.ts";
import { batchOf, rowsOf } from "../support/batches.ts";
import { testInFolder } from "../support/folder.ts";

const ANA: Bet = {
  firstName: "Ana",
  lastName: "Gil",
  document: "30904465",
  birthdate: "1999-03-17",
  number: "2201",
};
const EVA: Bet = { ...ANA, firstName: "Eva", document: "30904466" };
const MARY: Bet = {
  ...ANA,
  firstName: 'María "Mary"',
  lastName: "Ñandú, hija",
};
const ANA_LINE = "Ana,Gil,30904465,1999-03-17,2201";
const EVA_LINE = "Eva,Gil,30904466,1999-03-17,2201";
const MARY_LINE = '"María ""Mary""","Ñandú, hija",30904465,1999-03-17,2201';

/** Stores that are not what was sent, and what there is to say of them. */
const FAULTS: Record<string, { stored: Uint8Array; problem: string }> = {
  "a bet that is missing at the end": {
    stored: rowsOf(batchOf([ANA])),
    problem: "bets of agency 1 are missing at its end",
  },
  "a bet that is missing in the middle": {
    stored: rowsOf(batchOf([EVA])),
    problem: "row 1 is 1,Eva",
  },
  "bets in another order": {
    stored: rowsOf(batchOf([EVA, ANA])),
    problem: "row 1 is 1,Eva",
  },
  "a bet that is there twice": {
    stored: rowsOf(batchOf([ANA, EVA]), batchOf([EVA], 2)),
    problem: "or there twice",
  },
  "a bet of another agency": {
    stored: rowsOf(batchOf([ANA, EVA]), batchOf([EVA], 0, { agency: 2 })),
    problem: "among those of agency 2",
  },
  "a bet that has changed": {
    stored: rowsOf(batchOf([ANA, { ...EVA, number: "2202" }])),
    problem: "row 2 is 1,Eva",
  },
  "a bet that has become longer": {
    stored: rowsOf(batchOf([ANA, { ...EVA, number: "22010" }])),
    problem: "row 2 is 1,Eva",
  },
  "batches that overlap": {
    stored: rowsOf(batchOf([ANA]), batchOf([EVA])),
    problem: "are stored before",
  },
  "a mark that is not good": {
    stored: withLastByte(rowsOf(batchOf([ANA]), batchOf([EVA], 1)), "x"),
    problem: "torn tail",
  },
};

testInFolder(
  "checkStore() accepts every bet once and in order, quoted or not",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const other = { agency: 22 };
    await Deno.writeFile(
      path,
      rowsOf(
        batchOf([ANA, MARY]),
        batchOf([EVA], 0, other),
        batchOf([EVA], 2),
      ),
    );
    const first = `"Ana",${
      ANA_LINE.slice(4)
    }\r\n${MARY_LINE}\r\n\r\n${EVA_LINE}`;
    using lines = reader(dir, 1, first);
    using others = reader(dir, 22, `${EVA_LINE}\n`);
    const sent = new Map([[1, lines], [22, others]]);
    assertEquals(await checkStore(path, sent), 3);
  },
);

for (const [what, { stored, problem }] of Object.entries(FAULTS)) {
  testInFolder(`checkStore() refuses ${what}`, async (dir) => {
    const path = `${dir}/bets.csv`;
    await Deno.writeFile(path, stored);
    using lines = reader(dir, 1, `${ANA_LINE}\n${EVA_LINE}\n`);
    const sent = new Map<number, SentLines>([[1, lines]]);
    await assertRejects(() => checkStore(path, sent), Error, problem);
  });
}

testInFolder(
  "LineReader.next() cuts lines longer than its buffer",
  async (dir) => {
    const long = "x".repeat(600_000);
    const path = `${dir}/lines`;
    await Deno.writeTextFile(path, `a\n${long}\r\n\nb`);
    using file = new LineReader(path);
    const lines = [];
    for (let line = file.next(); line; line = file.next()) {
      lines.push(new TextDecoder().decode(line));
    }
    assertEquals(lines, ["a", long, "b"]);
  },
);

function reader(dir: string, agency: number, text: string): LineReader {
  const path = `${dir}/agency-${agency}.csv`;
  Deno.writeTextFileSync(path, text);
  return new LineReader(path);
}

/** Changes the byte before the last line end, which is the mark's last. */
function withLastByte(
  rows: Uint8Array<ArrayBuffer>,
  character: string,
): Uint8Array<ArrayBuffer> {
  rows[rows.length - 2] = character.charCodeAt(0);
  return rows;
}
