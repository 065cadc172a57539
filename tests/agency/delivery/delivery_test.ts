import { assert, assertEquals, assertRejects } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { Delivery } from "../../../agency/delivery/delivery.ts";
import { IndexSet } from "../../../agency/delivery/index_set.ts";
import { hashOf } from "../../../agency/output/output_file.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { ProgramError } from "../../../program/errors.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { testInFolder } from "../../support/folder.ts";
import { csvOf, rows } from "../../support/rows.ts";
import { runTool, testTools } from "../../support/tool.ts";

const ROWS = rows(6);
/** Row 2 has no document. */
const WITH_BAD = csvOf(ROWS.with(2, ROWS[2]!.with(2, "x")));
const CORRECTED = csvOf(ROWS);

/** A row of which another part was changed. */
function changed(index: number): string {
  return csvOf(ROWS.with(index, ROWS[index]!.with(1, "Otro")));
}

/** The copy of the refused rows. */
const COPY = "a.csv.rejected.csv";

/** Sends a text, of which some rows are refused, and returns its identity. */
async function send(
  dir: string,
  text: string,
  {
    name = "a.csv",
    refused = [],
    copy,
    isPipe = false,
    isNew = false,
    isCut = false,
    agency = 1,
  }: {
    name?: string;
    refused?: readonly number[];
    /** Text of the copy that is written. */
    copy?: string;
    /** Whether the name is that of a named pipe. */
    isPipe?: boolean;
    isNew?: boolean;
    isCut?: boolean;
    agency?: number;
  } = {},
): Promise<string> {
  const path = `${dir}/${name}`;
  const written = Deno.writeTextFile(path, text);
  // A named pipe takes nothing until it is read.
  if (!isPipe) await written;
  using file = await openFile(path, {});
  await written;
  const folder = new SentFolder(`${dir}/sent`, agency);
  const delivery = await Delivery.identify(file, folder, isNew);
  await delivery.begin();
  const indexes = new IndexSet();
  for (const index of refused) indexes.add(index);
  const records = text.trimEnd().split("\n").length;
  if (!isCut) await delivery.complete(records, indexes);
  if (copy !== undefined) {
    const path = `${dir}/${COPY}`;
    await Deno.writeTextFile(path, copy);
    await delivery.addCopy({ path, hash: await hashOf(path) });
  }
  return delivery.id;
}

testInFolder("identify() knows content again, under any name", async (dir) => {
  const id = await send(dir, CORRECTED);
  assertEquals(await send(dir, CORRECTED), id);
  assertEquals(await send(dir, CORRECTED, { name: "b.csv" }), id);
  assertEquals(await send(dir, CORRECTED.replaceAll("\r", "")), id);
});

testInFolder(
  "identify() takes a corrected file for the same delivery",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [2] });
    assertEquals(await send(dir, CORRECTED), id);
    assertEquals(await send(dir, CORRECTED), id);
    // The first version is of the same identity, too: nothing is stored twice.
    assertEquals(await send(dir, WITH_BAD, { refused: [2] }), id);
  },
);

testInFolder(
  "identify() knows a corrected file in several steps",
  async (dir) => {
    const bad = csvOf(ROWS.map((row, i) => i < 3 ? row.with(2, "x") : row));
    const half = csvOf(ROWS.with(0, ROWS[0]!.with(2, "x")));
    const id = await send(dir, bad, { refused: [0, 1, 2] });
    assertEquals(await send(dir, half, { refused: [0] }), id);
    assertEquals(await send(dir, CORRECTED), id);
  },
);

testInFolder(
  "identify() refuses a change in a row whose correction is stored",
  async (dir) => {
    await send(dir, WITH_BAD, { refused: [2] });
    await send(dir, CORRECTED);
    await assertRejects(
      () => send(dir, changed(2)),
      ProgramError,
      ", and line 3 was changed since; ",
    );
  },
);

testInFolder(
  "identify() knows a corrected file with other line ends and quotes",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [2] });
    const saved = `\ufeff${
      CORRECTED.replaceAll("\r", "").replaceAll("Núñez", '"Núñez"')
    }`;
    assertEquals(await send(dir, saved), id);
  },
);

testInFolder(
  "identify() takes a correction that was cut off for the same",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [2] });
    assertEquals(await send(dir, CORRECTED, { isCut: true }), id);
    assertEquals(await send(dir, CORRECTED), id);
  },
);

/** Other changes, where they are, and how the message names that place. */
const CHANGES: [name: string, text: string, where: string][] = [
  ["a row that was stored", changed(4), "line 5 was changed since"],
  ["the first row", changed(0), "line 1 was changed since"],
  ["the last row", changed(5), "line 6 was changed since"],
  ["two more rows", CORRECTED + csvOf(rows(2, 90)), "it has 2 more rows now"],
  [
    "a row less",
    csvOf(ROWS.slice(0, 5)),
    "it has 1 fewer row now (put back what was deleted; --finish-anyway finishes without refused rows)",
  ],
  [
    "a row between",
    csvOf(ROWS.toSpliced(3, 0, ...rows(1, 90))),
    "line 4 was changed since, and it has 1 more row now",
  ],
  [
    "a row that cannot be sent",
    CORRECTED.replace("Ana Sofía,Núñez,2", "2"),
    "line 2 was changed since",
  ],
  [
    "two rows exchanged",
    csvOf(ROWS.with(3, ROWS[4]!).with(4, ROWS[3]!)),
    "line 4 was changed since",
  ],
];

for (const [name, text, where] of CHANGES) {
  testInFolder(
    `identify() refuses a file with a change in ${name}`,
    async (dir) => {
      const id = await send(dir, WITH_BAD, { refused: [2] });
      const error = await assertRejects(() => send(dir, text), ProgramError);
      assert(error.message.includes(`, and ${where}; `), error.message);
      assert(error.message.includes("--as-new"), error.message);
      const other = await send(dir, text, { isNew: true });
      assert(other !== id);
      assertEquals(await send(dir, text), other);
    },
  );
}

testInFolder(
  "identify() takes a file for new if no row of the last one was stored",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [0, 1, 2, 3, 4, 5] });
    assert(await send(dir, changed(1)) !== id);
    assert(await send(dir, csvOf(rows(20)), { name: "b.csv" }) !== id);
  },
);

testInFolder(
  "identify() leaves the choice if a file of another name has few equal rows",
  async (dir) => {
    const bad = csvOf(ROWS.map((row, i) => i > 1 ? row.with(2, "x") : row));
    const id = await send(dir, bad, { refused: [2, 3, 4, 5] });
    const name = "tomorrow.csv";
    const error = await assertRejects(
      () => send(dir, CORRECTED, { name }),
      ProgramError,
    );
    const path = `${await Deno.realPath(dir)}/a.csv`;
    assert(error.message.includes(`it may be "${path}", sent on `));
    assert(await send(dir, CORRECTED, { name, isNew: true }) !== id);
    const other = csvOf(rows(6, 70));
    assert(await send(dir, other, { name: "other.csv" }) !== id);
  },
);

testInFolder(
  "identify() refuses a changed file of which a part was sent",
  async (dir) => {
    await send(dir, CORRECTED, { isCut: true });
    await assertRejects(
      () => send(dir, changed(1)),
      ProgramError,
      "a part of it was sent on ",
    );
    await send(dir, CORRECTED);
  },
);

testInFolder("identify() names a place in a large file", async (dir) => {
  const many = rows(5000);
  const bad = csvOf(many.with(0, many[0]!.with(2, "x")));
  await send(dir, bad, { refused: [0] });
  const other = csvOf(many.with(4000, many[4000]!.with(0, "Otra")));
  await assertRejects(
    () => send(dir, other),
    ProgramError,
    "a row from line 4001 on, before line 4006, was changed since",
  );
});

testInFolder("identify() gives copies identities of their own", async (dir) => {
  const first = await send(dir, CORRECTED);
  const second = await send(dir, CORRECTED, { isNew: true, isCut: true });
  // A copy that was cut off goes on, with the flag and without.
  assertEquals(
    await send(dir, CORRECTED, { isNew: true, isCut: true }),
    second,
  );
  assertEquals(await send(dir, CORRECTED), second);
  const third = await send(dir, CORRECTED, { isNew: true, isCut: true });
  // Another file with the same content is another copy.
  const fourth = await send(dir, CORRECTED, { name: "b.csv", isNew: true });
  assertEquals(new Set([first, second, third, fourth]).size, 4);
});

const BAD_ROW = csvOf([ROWS[2]!.with(2, "x")]);
const GOOD_ROW = csvOf([ROWS[2]!]);
const FOUR_BAD = csvOf(
  ROWS.map((row, i) => i < 4 ? row.with(2, "x") : row),
);

/** Asserts that a correction is refused, because of the other file. */
async function assertRefused(
  sent: Promise<unknown>,
  elsewhere: string,
): Promise<void> {
  const { message } = await assertRejects(() => sent, ProgramError);
  assert(message.includes(`were corrected in "${elsewhere}" and`), message);
}

testInFolder(
  "identify() refuses a file whose refused rows were corrected in the copy",
  async (dir) => {
    const elsewhere = `${await Deno.realPath(dir)}/${COPY}`;
    const first = { refused: [2], copy: BAD_ROW };
    const id = await send(dir, WITH_BAD, first);
    // Nothing of the copy is stored yet, so either of them may be corrected.
    await send(dir, BAD_ROW, { name: COPY, refused: [0] });
    const copied = await send(dir, GOOD_ROW, { name: COPY });
    await assertRefused(send(dir, CORRECTED), elsewhere);
    await assertRefused(send(dir, CORRECTED, { name: "b.csv" }), elsewhere);
    // The first version is all known, and so is the copy.
    assertEquals(await send(dir, WITH_BAD, first), id);
    assertEquals(await send(dir, GOOD_ROW, { name: COPY }), copied);
    await send(dir, CORRECTED, { isNew: true });
  },
);

testInFolder(
  "identify() takes a corrected file if nothing of the copy was stored",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    await send(dir, BAD_ROW, { name: COPY, refused: [0] });
    assertEquals(await send(dir, CORRECTED), id);
  },
);

testInFolder(
  "identify() refuses a file if a part of the copy was sent",
  async (dir) => {
    const elsewhere = `${await Deno.realPath(dir)}/${COPY}`;
    await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    await send(dir, GOOD_ROW, { name: COPY, isCut: true });
    await assertRefused(send(dir, CORRECTED), elsewhere);
  },
);

testInFolder(
  "identify() refuses the copy of rows that were corrected in the file",
  async (dir) => {
    const elsewhere = `${await Deno.realPath(dir)}/a.csv`;
    const four = csvOf(ROWS.slice(0, 4));
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: four });
    await send(dir, WITH_BAD, { refused: [2] });
    await assertRefused(send(dir, four, { name: COPY }), elsewhere);
    await send(dir, CORRECTED);
    await assertRefused(send(dir, four, { name: COPY }), elsewhere);
    await send(dir, four, { name: COPY, isNew: true });
  },
);

testInFolder(
  "identify() knows a copy that is corrected by halves",
  async (dir) => {
    const bad = csvOf(ROWS.slice(0, 4).map((row) => row.with(2, "x")));
    const half = csvOf(ROWS.slice(0, 4).with(0, ROWS[0]!.with(2, "x")));
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: bad });
    const id = await send(dir, half, { name: COPY, refused: [0] });
    const four = csvOf(ROWS.slice(0, 4));
    assertEquals(await send(dir, four, { name: COPY }), id);
    assertEquals(await send(dir, four, { name: COPY }), id);
  },
);

testTools(
  ["mkfifo"],
  "identify() does not compare what comes through a named pipe",
  async (dir) => {
    const pipe = { name: "pipe", isPipe: true };
    await runTool("mkfifo", [`${dir}/pipe`]);
    const id = await send(dir, CORRECTED, pipe);
    assert(await send(dir, csvOf(rows(9)), pipe) !== id);
    assertEquals(await send(dir, CORRECTED, pipe), id);
  },
);

testInFolder(
  "identify() knows nothing of another agency's files",
  async (dir) => {
    await send(dir, WITH_BAD, { refused: [2] });
    await send(dir, changed(4), { agency: 2 });
  },
);

testInFolder(
  "identify() takes each file for new without a memory",
  async (dir) => {
    const log = CapturedLog.start();
    await Deno.writeTextFile(`${dir}/sent`, "not a folder");
    const id = await send(dir, WITH_BAD, { refused: [2] });
    assert(await send(dir, CORRECTED) !== id);
    assert(log.lines.length > 0);
    for (const line of log.lines) {
      assert(
        line.startsWith("WARN action: remember_delivery | result: fail"),
        line,
      );
    }
  },
);

testInFolder(
  "list() warns of what it cannot read, and goes on",
  async (dir) => {
    const log = CapturedLog.start();
    const id = await send(dir, WITH_BAD, { refused: [2] });
    for (const text of ["", "{}", "null", '{"version":2}', "x"]) {
      await Deno.writeTextFile(
        `${dir}/sent/agency-1-${id}-0000000000000000.json`,
        text,
      );
      const { deliveries: known } = await new SentFolder(`${dir}/sent`, 1).find(
        { fingerprint: id, path: undefined },
      );
      assertEquals(known.map(({ id }) => id), [id]);
    }
    assertEquals(log.lines.length, 5);
  },
);

testInFolder("save() keeps deliveries private", async (dir) => {
  await send(dir, CORRECTED);
  const names = await Array.fromAsync(Deno.readDir(`${dir}/sent`));
  for (const { name } of names) {
    const { mode } = await Deno.stat(`${dir}/sent/${name}`);
    assertEquals(mode! & 0o777, 0o600);
  }
  assertEquals((await Deno.stat(`${dir}/sent`)).mode! & 0o777, 0o700);
});
