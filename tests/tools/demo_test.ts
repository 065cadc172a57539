import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type AgencyAudit, auditStore } from "../../tools/demo/audit.ts";
import type { AgencyRun } from "../../tools/demo/lottery.ts";
import { findProblems, formatTable } from "../../tools/demo/report.ts";
import { makeData } from "../../tools/data/make_data.ts";
import { startProgram, testPrograms as test } from "../support/programs.ts";
import { testInFolder } from "../support/folder.ts";
import { readBets } from "../support/stored.ts";

const RUNS: AgencyRun[] = [
  { agency: 1, sent: 12000, refused: 0, seconds: 1.5, winners: 2 },
  { agency: 2, sent: 90, refused: 10, seconds: 0.25, winners: 0 },
];
const AUDITS: AgencyAudit[] = [
  { agency: 1, bets: 12000, stored: 12000, isExact: true },
  { agency: 2, bets: 100, stored: 100, isExact: true },
];
const STORE = { bets: 12100, batches: 81, agencies: 2, finished: 2 };
const RESULT = { runs: RUNS, audits: AUDITS, store: STORE, seconds: 2 };

test("deno task demo stores every bet and says so", async (dir) => {
  const demo = startProgram("demo", {}, ["--dir", dir, "--bets", "2000"]);
  const { code, stdout, stderr } = await demo.ending();
  assertEquals(code, 0, stdout + stderr);
  const rows = stdout.split("\n").map((line) => line.trim().split(/ +/));
  const counts = rows.filter(([name]) => /^(\d|all)$/.test(name!))
    .map(([name, bets, sent, refused, stored, , , winners]) => {
      assertEquals([sent, refused, stored], [bets, "0", bets]);
      return [name, bets, winners];
    });
  assertEquals(counts, [
    ["1", "685", "2"],
    ["2", "648", "3"],
    ["3", "407", "3"],
    ["4", "235", "2"],
    ["5", "25", "0"],
    ["all", "2000", "10"],
  ]);
  assertStringIncludes(stdout, "Every one of the 2000 bets is in the store");
  const [, storeFile] = /^Store: (.*)$/m.exec(stdout)!;
  assert(storeFile!.startsWith(`${dir}/demo/`), storeFile);
  assertEquals([...(await readBets(storeFile!)).values()].flat().length, 2000);
});

test("deno task demo reports a refused row", async (dir) => {
  const bad = "Ana,Gil,1,2023-02-29,7";
  await Deno.writeTextFile(
    `${dir}/agency-4.csv`,
    `Ana,"Gil, ""Ñ""",1,1999-03-17,7574\r\n${bad}\r\n`,
  );
  const env = { CLI_BATCH_MAXAMOUNT: "1" };
  const demo = startProgram("demo", env, ["--dir", dir]);
  const { code, stdout, stderr } = await demo.ending();
  assertEquals(code, 1, stdout + stderr);
  assertMatch(stdout, /^4 +2 +1 +1 +1 /m);
  assertStringIncludes(stderr, "agency 4: 1 of its 2 bets are in the store\n");
  assertEquals(stdout.includes("Every one"), false);
});

test("deno task demo reports a central that fails", async (dir) => {
  const env = { SERVER_IDLE_TIMEOUT: "soon" };
  const args = ["--dir", dir, "--bets", "40"];
  const { code, stderr } = await startProgram("demo", env, args).ending();
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^Cannot continue: the central ended with exit code 1: server: Cannot use SERVER_IDLE_TIMEOUT.*\n$/,
  );
});

test("deno task demo --watch prints its table and its check before it waits", async (dir) => {
  const args = ["--dir", dir, "--bets", "100", "--watch"];
  await using demo = startProgram("demo", {}, args);
  await demo.line(/^Ctrl-C stops the central\.$/);
  const [, url] = await demo.line(/^Status: (.*)$/);
  const lines = demo.lines.map((line) => line.trim().split(/ +/));
  const [total] = lines.filter(([name]) => name === "all");
  assertEquals(total?.slice(0, 5), ["all", "100", "100", "0", "100"]);
  await demo.line(/^Every one of the 100 bets is in the store/);
  const [, storeFile] = await demo.line(/^Store: (.*)$/);
  assertEquals((await Deno.stat(storeFile!)).isFile, true);
  // Until then the page can be looked at.
  const page = await fetch(url!, { headers: { "accept-language": "es" } });
  assertStringIncludes(await page.text(), "Sorteo realizado");
  const { code, stderr } = await demo.stop();
  assertEquals(code, 0, stderr);
});

test("deno task demo stops its programs by SIGTERM", async (dir) => {
  const args = ["--dir", dir, "--bets", "200000"];
  await using demo = startProgram("demo", {}, args);
  await demo.line(/^Data: /);
  const { code, stderr } = await demo.stop();
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot continue: stopped by SIGTERM\n");
});

test("deno task demo refuses unknown arguments", async () => {
  const help = await startProgram("demo", {}, ["--help"]).ending();
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "--bets N");
  for (const arg of ["--bets=0", "--bets=1e3", "--bets=", "--bet=1"]) {
    const demo = startProgram("demo", {}, [arg]);
    const { code, stdout, stderr } = await demo.ending();
    assertEquals({ code, stdout }, { code: 1, stdout: "" }, arg);
    assertMatch(stderr, /--bet/);
  }
});

testInFolder("auditStore() finds differences from the file", async (dir) => {
  const files = await makeData({ dir, bets: 6, agencies: 2 });
  const texts = await Promise.all(
    files.map(({ path }) => Deno.readTextFile(path)),
  );
  const [one, two] = texts.map((text) => text.trimEnd().split("\r\n"));
  const mark = "0123456789abcdef:0:3:00000000";
  const exact = [
    `1,${one![0]}`,
    `2,${two![0]}`,
    `1,${one![1]}`,
    `1,${one![2]},${mark}`,
    `2,${two![1]}`,
    `2,${two![2]}`,
  ];
  const storeFile = `${dir}/bets.csv`;
  async function audit(rows: string[]): Promise<[number, boolean][]> {
    await Deno.writeTextFile(storeFile, `${rows.join("\n")}\n`);
    const audits = await auditStore(storeFile, files);
    const bets = audits.map(({ agency, bets }) => [agency, bets]);
    assertEquals(bets, [[1, 3], [2, 3]]);
    return audits.map(({ stored, isExact }) => [stored, isExact]);
  }
  assertEquals(await audit(exact), [[3, true], [3, true]]);
  const swapped = exact.with(0, exact[2]!).with(2, exact[0]!);
  assertEquals(await audit(swapped), [[3, false], [3, true]]);
  assertEquals(await audit(exact.slice(0, -1)), [[3, true], [2, false]]);
  const twice = [...exact, exact[5]!];
  assertEquals(await audit(twice), [[3, true], [4, false]]);
  const other = exact.with(1, exact[1]!.replace(/\d$/, (d) => `${9 - +d}`));
  assertEquals(await audit(other), [[3, true], [3, false]]);
  const moved = exact.map((row) => row.replace(/^2/, "3"));
  assertEquals(await audit(moved), [[3, true], [0, false]]);
});

Deno.test("formatTable() aligns agencies and totals", () => {
  assertEquals(formatTable(RESULT), [
    "agency   bets   sent  refused  stored  seconds  bets/s  winners",
    "1       12000  12000        0   12000     1.50    8000        2",
    "2         100     90       10     100     0.25     360        0",
    "all     12100  12090       10   12100     2.00    6045        2",
  ]);
  const [one, two] = RUNS;
  const runs = [one!, { ...two!, winners: undefined }].map(
    ({ winners, ...run }) => winners === undefined ? run : { ...run, winners },
  );
  const winners = formatTable({ ...RESULT, runs })
    .map((line) => line.split(/ +/).at(-1));
  assertEquals(winners, ["winners", "2", "-", "-"]);
});

Deno.test("findProblems() finds each kind of problem", () => {
  assertEquals(findProblems(RESULT), []);
  const failure = "agency 1 ended with exit code 9";
  assertEquals(
    findProblems({ ...RESULT, runs: [{ ...RUNS[0]!, failure }, RUNS[1]!] }),
    [failure],
  );
  const fewer = { ...AUDITS[1]!, stored: 90, isExact: false };
  const others = { ...AUDITS[0]!, isExact: false };
  assertEquals(findProblems({ ...RESULT, audits: [others, fewer] }), [
    "agency 1: its 12000 bets are not stored as they are in its file",
    "agency 2: 90 of its 100 bets are in the store",
  ]);
  const fault = { byteOffset: 7, problem: "damage at byte 7" };
  assertEquals(findProblems({ ...RESULT, store: { ...STORE, fault } }), [
    "damage at byte 7",
  ]);
});
