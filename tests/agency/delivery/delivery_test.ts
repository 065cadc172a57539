import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CapturedLog } from "../../support/captured_log.ts";
import {
  CORRECTED,
  Deliveries,
  entriesOf,
  FILE,
  ROWS,
  type Sending,
  WITH_BAD,
} from "../../support/deliveries.ts";
import type { BetRow } from "../../support/frames.ts";
import { csvOf, rows } from "../../support/rows.ts";
import { runTool, testTools } from "../../support/tool.ts";
import { replace } from "../../support/replaced.ts";

/** The file with another name in one row. */
function changed(index: number): string {
  return csvOf(ROWS.with(index, ROWS[index]!.with(1, "Otro")));
}

/** A file in which the bad rows have no document. */
function withBad(
  all: readonly BetRow[],
  isBad: (index: number) => boolean,
): string {
  return csvOf(all.map((row, i) => isBad(i) ? row.with(2, "x") : row));
}

const BAD = { refused: [2] };
const SAVED_AGAIN = `\ufeff${
  CORRECTED.replaceAll("\r", "").replaceAll("Núñez", '"Núñez"')
}`;

/** Texts that are sent one after the other and belong to one delivery. */
const SAME: Record<string, [text: string, options?: Sending][]> = {
  // Sending the first version again stores nothing twice either.
  "a corrected file, and its first version": [
    [WITH_BAD, BAD],
    [CORRECTED],
    [CORRECTED],
    [WITH_BAD, BAD],
  ],
  "a file corrected in several steps": [
    [withBad(ROWS, (i) => i < 3), { refused: [0, 1, 2] }],
    [withBad(ROWS, (i) => i === 0), { refused: [0] }],
    [CORRECTED],
  ],
  "a corrected file with other line ends and quotes": [
    [WITH_BAD, BAD],
    [SAVED_AGAIN],
  ],
  "a correction that was cut off": [
    [WITH_BAD, BAD],
    [CORRECTED, { isCut: true }],
    [CORRECTED],
  ],
};

for (const [what, runs] of Object.entries(SAME)) {
  Deliveries.test(`identify() recognizes ${what}`, async (files) => {
    const ids = new Set<string>();
    for (const [text, options] of runs) {
      ids.add(await files.send(FILE, text, options));
    }
    assertEquals(ids.size, 1);
  });
}

Deliveries.test("identify() recognizes content under any name", async (files) => {
  const id = await files.send(FILE, CORRECTED);
  for (const name of [FILE, "b.csv"]) {
    assertEquals(await files.send(name, CORRECTED), id);
  }
  assertEquals(await files.send(FILE, CORRECTED.replaceAll("\r", "")), id);
});

Deliveries.test("identify() refuses a change in a row whose correction is stored", async (files) => {
  await files.send(FILE, WITH_BAD, BAD);
  await files.send(FILE, CORRECTED);
  await files.refuses(FILE, changed(2), ", and line 3 was changed since; ");
});

/** Changes in rows that were not refused, and how the message names them. */
const CHANGES: [name: string, text: string, where: string][] = [
  ["a row that was stored", changed(4), "line 5 was changed since"],
  ["the first row", changed(0), "line 1 was changed since"],
  ["the last row", changed(5), "line 6 was changed since"],
  ["two more rows", CORRECTED + csvOf(rows(2, 90)), "it has 2 more rows now"],
  [
    "one row fewer",
    csvOf(ROWS.slice(0, 5)),
    "it has 1 fewer row now (put back what was deleted, and send it with --finish-anyway to finish without refused rows)",
  ],
  [
    "an inserted row",
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
  Deliveries.test(`identify() refuses a file with a change in ${name}`, async (files) => {
    const id = await files.send(FILE, WITH_BAD, BAD);
    await files.refuses(FILE, text, `, and ${where}; `);
    await files.refuses(FILE, text, "--as-new");
    const other = await files.send(FILE, text, { isNew: true });
    assert(other !== id);
    assertEquals(await files.send(FILE, text), other);
  });
}

Deliveries.test("identify() treats a file as new if no row of the last one was stored", async (files) => {
  const refused = [0, 1, 2, 3, 4, 5];
  const id = await files.send(FILE, WITH_BAD, { refused });
  assert(await files.send(FILE, changed(1)) !== id);
  assert(await files.send("b.csv", csvOf(rows(20, 60))) !== id);
});

Deliveries.test("identify() refuses a file with another name and few equal rows, unless it is new", async (files) => {
  // Fewer than five equal rows, or not more than half.
  for (const [count, kept] of [[6, 2], [6, 4], [10, 5]] as const) {
    const all = rows(count, 100 * kept);
    const refused = [...all.keys()].slice(kept);
    const bad = withBad(all, (i) => refused.includes(i));
    const id = await files.send(`${kept}.csv`, bad, { refused });
    const name = `tomorrow-${kept}.csv`;
    const problem = `it may be "${files.dir}/${kept}.csv", sent on `;
    await files.refuses(name, csvOf(all), problem);
    assert(await files.send(name, csvOf(all), { isNew: true }) !== id);
  }
  await files.send("other.csv", csvOf(rows(6, 70)));
});

Deliveries.test("identify() names a range of lines in a large file", async (files) => {
  const many = rows(5000);
  await files.send(FILE, withBad(many, (i) => i === 0), { refused: [0] });
  const other = csvOf(many.with(4000, many[4000]!.with(0, "Otra")));
  const place = "a row from line 4001 on, before line 4006, was changed since";
  await files.refuses(FILE, other, place);
});

testTools(
  ["mkfifo"],
  "identify() does not compare the contents of one named pipe",
  async (dir) => {
    const files = await Deliveries.in(dir);
    const pipe = { isPipe: true };
    await runTool("mkfifo", [`${dir}/pipe`]);
    const id = await files.send("pipe", CORRECTED, pipe);
    assert(await files.send("pipe", csvOf(rows(9)), pipe) !== id);
    assertEquals(await files.send("pipe", CORRECTED, pipe), id);
    const bad = csvOf(rows(3).with(0, ["x", "", "", "", ""]));
    await files.send("pipe", bad, { ...pipe, refused: [0] });
    const problem = "it may be what came through a pipe, sent on ";
    await files.refuses("pipe", csvOf(rows(3)), problem, pipe);
  },
);

Deliveries.test("identify() finds a version of any earlier file", async (files) => {
  const id = await files.send(FILE, WITH_BAD, BAD);
  for (const from of [50, 90]) {
    const bad = withBad(rows(6, from), (i) => i === 2);
    await files.send(`${from}.csv`, bad, BAD);
  }
  assertEquals(await files.send("b.csv", CORRECTED), id);
});

Deliveries.test("SentFolder.update() flushes entries to disk, link() does not", async (files) => {
  let flushes = 0;
  using _flushes = replace(Deno.FsFile.prototype, {
    syncDataSync: () => void flushes++,
  });
  await files.send(FILE, WITH_BAD, BAD);
  assertEquals(flushes, 2, "when it begins, and when it ends");
});

Deliveries.test("identify() ignores another agency's files", async (files) => {
  await files.send(FILE, WITH_BAD, BAD);
  await files.send(FILE, changed(4), { agency: 2 });
});

Deliveries.test("identify() treats each file as new if the folder cannot be written", async (files) => {
  const log = CapturedLog.start();
  await Deno.writeTextFile(`${files.dir}/sent`, "not a folder");
  const id = await files.send(FILE, WITH_BAD, BAD);
  assert(await files.send(FILE, CORRECTED) !== id);
  assert(log.lines.length > 0);
  for (const line of log.lines) {
    const start = "WARN action: remember_delivery | result: fail";
    assertStringIncludes(line, start);
    assertStringIncludes(line, "its bets may be stored twice | hint: make it");
  }
});

Deliveries.test("identify() fails on a damaged entry that may be the file's", async (files) => {
  const id = await files.send(FILE, WITH_BAD, BAD);
  const [entry] = await entriesOf(files.dir);
  const text = await Deno.readTextFile(entry!);
  const damages = [
    ...["", "null", "{}", '{"version":2}', text.slice(0, 99)],
    ...['"2-"', '"6"', '"2,9"', "2"].map((refused) =>
      text.replace(/("refused":)"2"/, `$1${refused}`)
    ),
    ...["id", "content", "version", "at", "records", "stored"].map((name) =>
      text.replace(new RegExp(`("${name}":)("[^"]+"|\\d+)`), "$1[]")
    ),
    text.replace(id, "0".repeat(16)),
  ];
  for (const damaged of damages) {
    await Deno.writeTextFile(entry!, damaged);
    const problem = `Cannot tell what was sent before: "${entry}" is damaged (`;
    await files.refuses(FILE, WITH_BAD, problem);
    await files.refuses(FILE, CORRECTED, problem);
  }
  // Entries of other content, as their names show, are not read.
  await Deno.writeTextFile(entry!, text);
  await files.send(FILE, CORRECTED);
  const other = csvOf(rows(20, 50));
  await files.send("b.csv", other);
  for (const path of await entriesOf(files.dir)) {
    if (!path.includes(id)) await Deno.writeTextFile(path, "");
  }
  assertEquals(await files.send(FILE, CORRECTED), id);
  await files.refuses(FILE, other, "is damaged (");
});

Deliveries.test("identify() finds a delivery by its path if the link is damaged", async (files) => {
  await files.send(FILE, WITH_BAD, BAD);
  for await (const { name } of Deno.readDir(`${files.dir}/sent`)) {
    if (!name.includes("-path-")) continue;
    await Deno.writeTextFile(`${files.dir}/sent/${name}`, "");
  }
  await files.refuses(FILE, changed(4), "line 5 was");
});

Deliveries.test("SentFolder.update() makes the folder and its files private", async (files) => {
  await files.send(FILE, CORRECTED);
  const sent = `${files.dir}/sent`;
  const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
  for await (const { name } of Deno.readDir(sent)) {
    assertEquals(await modeOf(`${sent}/${name}`), 0o600);
  }
  assertEquals(await modeOf(sent), 0o700);
});
