import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  CORRECTED,
  type Delivering,
  Desk,
  FILE,
  PIPE,
  ROWS,
  WITH_BAD,
} from "../../support/desk.ts";
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

const SAVED_AGAIN = `\ufeff${
  CORRECTED.replaceAll("\r", "").replaceAll("Núñez", '"Núñez"')
}`;

/** Texts that are sent one after the other and belong to one delivery. */
const SAME: Record<string, [text: string, options?: Delivering][]> = {
  // Delivering the first version again stores nothing twice either.
  "a corrected file, and its first version": [
    [WITH_BAD],
    [CORRECTED],
    [CORRECTED],
    [WITH_BAD],
  ],
  "a file corrected in several steps": [
    [withBad(ROWS, (i) => i < 3)],
    [withBad(ROWS, (i) => i === 0)],
    [CORRECTED],
  ],
  "a corrected file with other line ends and quotes": [
    [WITH_BAD],
    [SAVED_AGAIN],
  ],
  "a correction that was cut off": [
    [WITH_BAD],
    [CORRECTED, { isCut: true }],
    [CORRECTED],
  ],
};

for (const [what, runs] of Object.entries(SAME)) {
  Desk.test(`identify() recognizes ${what}`, async (desk) => {
    const ids = new Set<string>();
    for (const [text, options] of runs) {
      ids.add(await desk.deliver(FILE, text, options));
    }
    assertEquals(ids.size, 1);
  });
}

Desk.test("identify() recognizes content under any name", async (desk) => {
  const id = await desk.deliver(FILE, CORRECTED);
  for (const name of [FILE, "b.csv"]) {
    assertEquals(await desk.deliver(name, CORRECTED), id);
  }
  assertEquals(await desk.deliver(FILE, CORRECTED.replaceAll("\r", "")), id);
});

Desk.test("identify() refuses a change in a row whose correction is stored", async (desk) => {
  await desk.deliver(FILE, WITH_BAD);
  await desk.deliver(FILE, CORRECTED);
  await desk.refuses(FILE, changed(2), ", and line 3 was changed since; ");
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
  Desk.test(`identify() refuses a file with a change in ${name}`, async (desk) => {
    const id = await desk.deliver(FILE, WITH_BAD);
    await desk.refuses(FILE, text, `, and ${where}; `);
    await desk.refuses(FILE, text, "--as-new");
    const other = await desk.deliver(FILE, text, { isNew: true });
    assert(other !== id);
    assertEquals(await desk.deliver(FILE, text), other);
  });
}

Desk.test("identify() treats a file as new if no row of the last one was stored", async (desk) => {
  const bad = withBad(ROWS, () => true);
  await desk.deliver(FILE, bad);
  await desk.treats(FILE, csvOf(rows(6, 60)), {});
  const id = await desk.deliver(FILE, csvOf(rows(6, 60)));
  assert(await desk.deliver("b.csv", csvOf(rows(20, 60))) !== id);
});

Desk.test("identify() refuses a file with another name and few equal rows, unless it is new", async (desk) => {
  // Fewer than five equal rows, or not more than half.
  for (const [count, kept] of [[6, 2], [6, 4], [10, 5]] as const) {
    const all = rows(count, 100 * kept);
    const refused = [...all.keys()].slice(kept);
    const bad = withBad(all, (i) => refused.includes(i));
    const id = await desk.deliver(`${kept}.csv`, bad);
    const name = `tomorrow-${kept}.csv`;
    const problem = `it may be "${desk.dir}/${kept}.csv", sent on `;
    await desk.refuses(name, csvOf(all), problem);
    assert(await desk.deliver(name, csvOf(all), { isNew: true }) !== id);
  }
  await desk.deliver("other.csv", csvOf(rows(6, 70)));
});

Desk.test("identify() names a range of lines in a large file", async (desk) => {
  const many = rows(5000);
  await desk.deliver(FILE, withBad(many, (i) => i === 0));
  const other = csvOf(many.with(4000, many[4000]!.with(0, "Otra")));
  const place = "a row from line 4001 on, before line 4006, was changed since";
  await desk.refuses(FILE, other, place);
});

testTools(
  ["mkfifo"],
  "identify() does not compare the contents of one named pipe",
  (dir) =>
    Desk.in(dir, async (desk) => {
      await runTool("mkfifo", [desk.path(PIPE)]);
      const id = await desk.deliver(PIPE, CORRECTED);
      assert(await desk.deliver(PIPE, csvOf(rows(9))) !== id);
      assertEquals(await desk.deliver(PIPE, CORRECTED), id);
      const bad = csvOf(rows(3).with(0, ["x", "", "", "", ""]));
      await desk.deliver(PIPE, bad);
      const problem = "it may be what came through a pipe, sent on ";
      await desk.refuses(PIPE, csvOf(rows(3)), problem);
    }),
);

Desk.test("identify() finds a version of any earlier file", async (desk) => {
  const id = await desk.deliver(FILE, WITH_BAD);
  for (const from of [50, 90]) {
    const bad = withBad(rows(6, from), (i) => i === 2);
    await desk.deliver(`${from}.csv`, bad);
  }
  assertEquals(await desk.deliver("b.csv", CORRECTED), id);
});

Desk.test("a run flushes its mark and its entries with their folder, but no link", async (desk) => {
  const flushed: string[] = [];
  using _flushes = replace(Deno.FsFile.prototype, {
    syncDataSync: () => void flushed.push("file"),
    syncSync: () => void flushed.push("folder"),
  });
  await desk.deliver(FILE, WITH_BAD);
  // When it starts, when it begins, and when it ends.
  assertEquals(flushed.join(), "file,folder,file,folder,file,folder");
});

Desk.test("identify() ignores another agency's files", async (desk) => {
  await desk.deliver(FILE, WITH_BAD);
  await desk.deliver(FILE, changed(4), { agency: 2 });
});

Desk.test("identify() treats each file as new if the folder cannot be written", async (desk) => {
  await Deno.writeTextFile(desk.sent, "not a folder");
  const id = await desk.deliver(FILE, WITH_BAD);
  assert(await desk.deliver(FILE, CORRECTED) !== id);
  const lines = desk.log.linesWith("remember_delivery | result: fail");
  assert(lines.length > 0);
  for (const line of lines) {
    assertStringIncludes(line, "its bets may be stored twice | hint: make it");
  }
});

Desk.test("identify() fails on a damaged entry that may be the file's", async (desk) => {
  const id = await desk.deliver(FILE, WITH_BAD);
  const [entry] = desk.entries;
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
    await desk.refuses(FILE, WITH_BAD, problem);
    await desk.refuses(FILE, CORRECTED, problem);
  }
  // Entries of other content, as their names show, are not read.
  await Deno.writeTextFile(entry!, text);
  await desk.deliver(FILE, CORRECTED);
  const other = csvOf(rows(20, 50));
  await desk.deliver("b.csv", other);
  for (const path of desk.entries) {
    if (!path.includes(id)) await Deno.writeTextFile(path, "");
  }
  assertEquals(await desk.deliver(FILE, CORRECTED), id);
  await desk.refuses(FILE, other, "is damaged (");
});

Desk.test("identify() finds a delivery by its path if the link is damaged", async (desk) => {
  await desk.deliver(FILE, WITH_BAD);
  for await (const { name } of Deno.readDir(desk.sent)) {
    if (!name.includes("-path-")) continue;
    await Deno.writeTextFile(`${desk.sent}/${name}`, "");
  }
  await desk.refuses(FILE, changed(4), "line 5 was");
});

Desk.test("send() makes the state folder and its files private", async (desk) => {
  await desk.deliver(FILE, CORRECTED);
  const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
  for await (const { name } of Deno.readDir(desk.sent)) {
    assertEquals(await modeOf(`${desk.sent}/${name}`), 0o600);
  }
  assertEquals(await modeOf(desk.sent), 0o700);
});
