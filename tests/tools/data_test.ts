import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { run } from "../../tools/data.ts";
import { FROM_GENERATOR, makeData } from "../../tools/data/make_data.ts";
import { contents, putZip, testInFolder as test } from "../support/folder.ts";
import { testWith } from "../support/permissions.ts";
import { endingOf } from "../support/programs.ts";

const SIZES = [26936, 25518, 16014, 9238, 991];

function winners(text: string): number {
  return text.split("\r\n").filter((row) => row.endsWith(",7574")).length;
}

test("makeData() makes a set of the real sizes", async (dir) => {
  const files = await makeData({ dir });
  assertEquals(files.map(({ bets }) => bets), SIZES);
  const texts = await contents(dir);
  assertEquals(Object.keys(texts).length, 5);
  for (const { agency, path, bets, bytes, from } of files) {
    assertEquals(path, `${dir}/agency-${agency}.csv`);
    assertEquals(from, FROM_GENERATOR);
    assertEquals((await Deno.stat(path)).size, bytes);
    const text = texts[`agency-${agency}.csv`]!;
    assertEquals(text.split("\r\n").length, bets + 1);
    assertEquals(winners(text), [2, 3, 3, 2, 0][agency - 1]);
  }
});

test("makeData() makes the folder and the same set", async (dir) => {
  await makeData({ dir: `${dir}/a/b`, bets: 1000 });
  await makeData({ dir: `${dir}/c/`, bets: 1000 });
  assertEquals(await contents(`${dir}/a/b`), await contents(`${dir}/c`));
});

test("makeData() makes other totals and agencies", async (dir) => {
  const files = await makeData({ dir, bets: 8, agencies: 3 });
  assertEquals(files.map(({ bets }) => bets), [3, 2, 3]);
  const texts = Object.entries(await contents(dir)).sort();
  assertEquals(texts.map(([, text]) => winners(text)), [2, 2, 0]);
  const none = await makeData({ dir: `${dir}/none`, bets: 0 });
  assertEquals(none.map(({ bytes }) => bytes), [0, 0, 0, 0, 0]);
});

test("makeData() refuses to replace existing files", async (dir) => {
  const mine = { "agency-2.csv": "mine\r\n", "agency-9.csv": "mine too\r\n" };
  for (const [name, text] of Object.entries(mine)) {
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  await assertRejects(
    () => makeData({ dir, bets: 10 }),
    Deno.errors.AlreadyExists,
    `"${dir}/agency-2.csv" is there, of 2 in all; --force replaces`,
  );
  assertEquals(await contents(dir), mine);
});

test("makeData() replaces the whole set if forced", async (dir) => {
  await Deno.writeTextFile(`${dir}/notes.csv`, "kept");
  await makeData({ dir, bets: 100 });
  await makeData({ dir, bets: 10, agencies: 2, force: true });
  const texts = await contents(dir);
  assertEquals(Object.keys(texts).sort(), [
    "agency-1.csv",
    "agency-2.csv",
    "notes.csv",
  ]);
});

test("makeData() overwrites the files of a killed run", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-1.csv.part`, "x".repeat(5000));
  await makeData({ dir, bets: 10, agencies: 1 });
  const texts = await contents(dir);
  assertEquals(Object.keys(texts), ["agency-1.csv"]);
  assertEquals(texts["agency-1.csv"]?.split("\r\n").length, 11);
});

test("makeData() unpacks the agencies of an archive", async (dir) => {
  await putZip(dir, [
    { name: "data/", data: "" },
    { name: "data/agency-10.csv", data: "a,b\r\nc,d" },
    { name: "README.md", data: "not an agency" },
    { name: "agency-1.csv.bak", data: "not an agency" },
    { name: "__MACOSX/agency-1.csv", data: "not an agency" },
    { name: "__MACOSX/data/._agency-1.csv", data: "not an agency" },
    { name: "../../agency-2.csv", data: "e,f\r\n", deflated: false },
    { name: "windows\\agency-3.csv", data: "" },
  ]);
  const from = `${dir}/datasets.zip`;
  assertEquals(await makeData({ dir }), [
    { agency: 2, path: `${dir}/agency-2.csv`, bets: 1, bytes: 5, from },
    { agency: 3, path: `${dir}/agency-3.csv`, bets: 0, bytes: 0, from },
    { agency: 10, path: `${dir}/agency-10.csv`, bets: 2, bytes: 8, from },
  ]);
  assertEquals(await contents(dir), {
    "agency-2.csv": "e,f\r\n",
    "agency-3.csv": "",
    "agency-10.csv": "a,b\r\nc,d",
  });
});

test("makeData() unpacks an archive over other files only if forced", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-1.csv`, "old");
  await putZip(dir, [{ name: "agency-1.csv", data: "new" }], "dataset.zip");
  await assertRejects(
    () => makeData({ dir }),
    Deno.errors.AlreadyExists,
    `"${dir}/agency-1.csv" is there, of 1 in all; --force replaces`,
  );
  assertEquals(await contents(dir), { "agency-1.csv": "old" });
  for (const force of [true, false]) {
    const [file] = await makeData({ dir, force });
    assertEquals(file?.from, `${dir}/dataset.zip`);
    assertEquals(await contents(dir), { "agency-1.csv": "new" });
  }
});

const FIRST = { name: "agency-1.csv", data: "new" };

/** Archives that cannot be unpacked, by what is said of them. */
const BAD_ARCHIVES: Record<string, Parameters<typeof putZip>[1]> = {
  'Cannot unpack "agency-2.csv" of': [
    FIRST,
    { name: "agency-2.csv", data: "new", crc: 1 },
  ],
  "it has no file": [{ name: "agency-x.csv", data: "" }],
  'Cannot unpack "b/agency-01.csv"': [
    FIRST,
    { name: "b/agency-01.csv", data: "" },
  ],
};

test("makeData() changes nothing for a bad archive", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-1.csv`, "old");
  for (const [problem, entries] of Object.entries(BAD_ARCHIVES)) {
    await putZip(dir, entries);
    await assertRejects(
      () => makeData({ dir, force: true }),
      SyntaxError,
      problem,
    );
    assertEquals(await contents(dir), { "agency-1.csv": "old" });
  }
});

test("run() lists the files and their origin", async (dir) => {
  const args = ["--dir", dir, "--bets=7", "--agencies", "2"];
  const lines = await run(args);
  assertEquals(lines.length, 2);
  assertMatch(
    lines[0]!,
    /agency-1.csv: 4 bets, \d+ bytes, from the generator$/,
  );
  assertEquals(await run([...args, "--force"]), lines);
  await putZip(dir, [{ name: "agency-1.csv", data: "a\r\n" }]);
  assertEquals(await run([...args, "--force"]), [
    `${dir}/agency-1.csv: 1 bets, 3 bytes, from ${dir}/datasets.zip`,
    "--bets and --agencies not used: nothing was made",
  ]);
});

test("run() keeps existing files with --keep", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-7.csv`, "mine\r\n");
  assertEquals(await run(["--dir", dir, "--keep"]), [
    `${dir}/agency-7.csv: 1 bets, 6 bytes, from an earlier run`,
  ]);
  const made = await run(["--dir", `${dir}/new`, "--keep", "--bets=5"]);
  assertEquals(made.length, 5);
});

test("run() with --keep says that it does not use an archive that arrived later", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency-1.csv`, "mine\r\n");
  await putZip(dir, [{ name: "agency-1.csv", data: "a\r\n" }]);
  const args = ["--dir", dir, "--keep"];
  assertEquals(
    (await run(args))[1],
    `using the files of an earlier run; delete ${dir}/agency-*.csv to use ${dir}/datasets.zip`,
  );
  await Deno.remove(`${dir}/agency-1.csv`);
  assertMatch(
    (await run(args)).join(),
    /1 bets, 3 bytes, from .*datasets\.zip$/,
  );
  assertMatch(
    (await run(args)).join(),
    /1 bets, 3 bytes, from an earlier run$/,
  );
});

Deno.test("run() prints its usage", async () => {
  const lines = await run(["--help"]);
  assertStringIncludes(lines.join("\n"), "Usage: deno task data");
});

const WRONG_ARGUMENTS: [args: string[], say: string][] = [
  [["--nope"], "Unknown option '--nope'"],
  [["more"], "Unexpected argument 'more'"],
  [["--bets=-1"], 'Cannot use --bets "-1": it must be a whole number from 0'],
  [["--bets=1e3"], 'Cannot use --bets "1e3"'],
  [["--bets="], 'Cannot use --bets ""'],
  [["--bets=1000000001"], "from 0 to 1000000000"],
  [["--agencies=0"], 'Cannot use --agencies "0"'],
  [["--agencies=1001"], "from 1 to 1000"],
  [["--force", "--keep"], "Cannot use --force with --keep"],
  [["--dir="], "Cannot use --dir: it is empty"],
];

for (const [args, say] of WRONG_ARGUMENTS) {
  Deno.test(`run() throws on ${args.join(" ")}`, async () => {
    await assertRejects(() => run(args), Error, say);
  });
}

testWith(["run"], "data.ts reports an error in one line", async () => {
  const entry = new URL("../../tools/data.ts", import.meta.url);
  const { code, stdout, stderr } = await endingOf(Deno.execPath(), {
    args: ["run", "--no-prompt", entry.href, "--bets"],
  });
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^Cannot make the data: Option '--bets.*' argument missing \(see --help\)\n$/,
  );
});
