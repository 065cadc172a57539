import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type OtherFiles,
  WinnersFile,
} from "../../agency/output/winners_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { getLogger, setupLogging } from "../../program/logging.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { contents, testInFolder } from "../support/folder.ts";

/** Names that are refused before anything is sent, and why. */
const REFUSED: [name: string, reason: string][] = [
  ["", 'Cannot write winners "": the name is empty'],
  ["agency.csv", "it is the agency's file itself"],
  ["hard.csv", "it is the agency's file itself"],
  ["soft.csv", "it is the agency's file itself"],
  ["none/winners.txt", "No such file or directory"],
  ["folder", "it is a directory"],
  ["agency.csv/winners.txt", "Not a directory (os error 20)"],
  ["agency.csv.rejected.csv", "agency.rejectedFile is the same file"],
  ["folder/../agency.csv.rejected.csv", "agency.rejectedFile is the same file"],
];

testInFolder("open() refuses a file before anything is sent", async (dir) => {
  const source = await putSource(dir);
  await Deno.link(source, `${dir}/hard.csv`);
  await Deno.symlink(source, `${dir}/soft.csv`);
  await Deno.mkdir(`${dir}/folder`);
  for (const [name, reason] of REFUSED) {
    const path = name === "" ? "" : `${dir}/${name}`;
    assertThrows(
      () => WinnersFile.open(path, filesOf(source)),
      ProgramError,
      reason,
    );
  }
  assertEquals(await Deno.readTextFile(source), "bets");
});

testInFolder("nothing but a list of documents is overwritten", async (dir) => {
  const source = await putSource(dir);
  const path = `${dir}/winners.txt`;
  const file = WinnersFile.open(path, filesOf(source));
  for (
    const text of [
      "Ana,Gil,1,1999-03-17,7\n",
      "1\na;b\n",
      "a\tb",
      "notes",
      "\0\x01",
      // A process's id.
      "4711\n",
      "30904465\n".repeat(400) + "notes",
    ]
  ) {
    await Deno.writeTextFile(path, text);
    const reason =
      `Cannot write winners "${path}": it is there and is no list of winners that an earlier run wrote`;
    const open = () => WinnersFile.open(path, filesOf(source));
    assertEquals(assertThrows(open, ProgramError).message, reason);
    const late = await assertRejects(() => file.write(["1"]), ProgramError);
    assertEquals(late.message, reason);
    assertEquals(await Deno.readTextFile(path), text);
  }
});

testInFolder(
  "write() replaces what was there, and is as private as the source",
  async (dir) => {
    const source = await putSource(dir);
    const path = `${dir}/winners.txt`;
    const file = WinnersFile.open(path, filesOf(source));
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await file.write(["12", "7"]);
    assertEquals(await Deno.readTextFile(path), "12\n7\n");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
    await WinnersFile.open(path, filesOf(source)).write([]);
    assertEquals(await Deno.readTextFile(path), "");
  },
);

testInFolder(
  "write() replaces a list of one winner if an earlier run wrote it",
  async (dir) => {
    const source = await putSource(dir);
    const path = `${dir}/winners.txt`;
    const files = { ...filesOf(source), lastWinner: `${dir}/winner` };
    for (const winners of [["12"], ["12"], ["7"], ["7", "8"], [], ["9"]]) {
      await WinnersFile.open(path, files).write(winners);
      const text = winners.map((document) => `${document}\n`).join("");
      assertEquals(await Deno.readTextFile(path), text);
    }
    assertEquals((await Deno.stat(`${dir}/winner`)).mode! & 0o777, 0o600);
    assertThrows(() => WinnersFile.open(path, filesOf(source)), ProgramError);
    await Deno.writeTextFile(path, "4711\n");
    assertThrows(() => WinnersFile.open(path, files), ProgramError);
  },
);

testInFolder("write() keeps the permissions of what was there", async (dir) => {
  const source = await putSource(dir);
  const path = `${dir}/winners.txt`;
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o604);
  await (await WinnersFile.open(path, filesOf(source))).write(["1"]);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o604);
});

testInFolder("write() keeps a link, and writes what it names", async (dir) => {
  const source = await putSource(dir);
  await Deno.writeTextFile(`${dir}/target`, "7\n8\n");
  await Deno.symlink(`${dir}/target`, `${dir}/link`);
  const file = WinnersFile.open(`${dir}/link`, filesOf(source));
  await file.write(["1"]);
  assertEquals(await Deno.readTextFile(`${dir}/target`), "1\n");
  assertEquals((await Deno.lstat(`${dir}/link`)).isSymlink, true);
});

testInFolder("write() writes to standard output, or a device", async (dir) => {
  const source = await putSource(dir);
  const written: string[] = [];
  const { write, writeSync } = Deno.stdout;
  Deno.stdout.writeSync = (bytes) => {
    written.push(new TextDecoder().decode(bytes));
    return bytes.length;
  };
  Deno.stdout.write = (bytes) => Promise.resolve(Deno.stdout.writeSync(bytes));
  setupLogging("INFO");
  getLogger().info("a line of the log");
  try {
    await WinnersFile.open("-", filesOf(source)).write(["12", "7"]);
  } finally {
    Object.assign(Deno.stdout, { write, writeSync });
    CapturedLog.start();
  }
  assertEquals(written.map((text) => text.slice(-8)), ["the log\n", "12\n7\n"]);
  await WinnersFile.open("/dev/null", filesOf(source)).write(["12"]);
  assertEquals((await Deno.stat("/dev/null")).isFile, false);
  await assertRejects(
    () => WinnersFile.open("/dev/full", filesOf(source)).write(["12"]),
    ProgramError,
    'Cannot write winners "/dev/full": No space left',
  );
  assertEquals(Object.keys(await contents(dir)), ["agency.csv"]);
});

testInFolder("write() names a file that it cannot write", async (dir) => {
  await Deno.mkdir(`${dir}/folder`);
  const path = `${dir}/folder/winners.txt`;
  // An agency's file that is not there is reported when it is opened.
  const file = WinnersFile.open(path, {
    ...filesOf(`${dir}/none`),
    lastWinner: `${dir}/none/winner`,
  });
  await file.write(["12"]);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  await Deno.remove(`${dir}/folder`, { recursive: true });
  await assertRejects(
    () => file.write(["12"]),
    ProgramError,
    `Cannot write winners "${path}": No such file`,
  );
});

function filesOf(agencyFile: string): OtherFiles {
  return { agencyFile, rejectedFile: `${agencyFile}.rejected.csv` };
}

async function putSource(dir: string): Promise<string> {
  await Deno.writeTextFile(`${dir}/agency.csv`, "bets");
  await Deno.chmod(`${dir}/agency.csv`, 0o640);
  return `${dir}/agency.csv`;
}
