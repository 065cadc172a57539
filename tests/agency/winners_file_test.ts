import { assertEquals, assertRejects } from "@std/assert";
import {
  type OtherFiles,
  WinnersFile,
} from "../../agency/output/winners_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { getLogger, setupLogging } from "../../program/logging.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { failRename } from "../support/failing_calls.ts";
import { contents, testInFolder as test } from "../support/folder.ts";
import { replace } from "../support/replaced.ts";
import { assertProblem } from "../support/problems.ts";

/** Names that are refused before anything is sent, and why. */
const REFUSED: [name: string, reason: string][] = [
  ["agency.csv", "it is the agency's file itself"],
  ["hard.csv", "it is the agency's file itself"],
  ["soft.csv", "it is the agency's file itself"],
  ["dangling", "the file exists, and is not an unchanged list"],
  ["none/winners.txt", "No such file or directory"],
  ["folder", "it is a directory"],
  ["agency.csv/winners.txt", "Not a directory (os error 20)"],
  ["agency.csv.rejected.csv", "agency.rejectedFile is the same file"],
  ["folder/../agency.csv.rejected.csv", "agency.rejectedFile is the same file"],
];

test("WinnersFile.open() refuses a file before anything is sent", async (dir) => {
  const files = await putSource(dir);
  await Deno.link(files.agencyFile, `${dir}/hard.csv`);
  await Deno.symlink(files.agencyFile, `${dir}/soft.csv`);
  await Deno.symlink(`${dir}/nothing`, `${dir}/dangling`);
  await Deno.mkdir(`${dir}/folder`);
  await assertRefused("", files, 'Cannot write winners "": the name is empty');
  for (const [name, reason] of REFUSED) {
    await assertRefused(`${dir}/${name}`, files, reason);
  }
  assertEquals(await Deno.readTextFile(files.agencyFile), "bets");
});

const NOT_OWN =
  "the file exists, and is not an unchanged list of an earlier run; move it away, or set --winners to another file";

test("WinnersFile.write() replaces only a list that an earlier run wrote", async (dir) => {
  const files = await putRecords(dir);
  const path = `${dir}/winners.txt`;
  const early = await WinnersFile.open(path, files);
  for (const winners of [["1", "2"], ["12"], ["12"], [], ["7", "8"]]) {
    await write(path, files, winners);
    const text = winners.map((document) => `${document}\n`).join("");
    assertEquals(await Deno.readTextFile(path), text);
  }
  for (const name of Object.keys(await contents(`${dir}/sent`))) {
    assertEquals(await modeOf(`${dir}/sent/${name}`), 0o600);
  }
  const problem = `Cannot write winners "${path}": ${NOT_OWN}`;
  // Files that the user wrote or changed.
  for (const text of ["1\n2\n", "7\n", "7\n8", "notes"]) {
    await Deno.writeTextFile(path, text);
    await assertRefused(path, files, problem);
    await assertRejects(() => early.write(["1"]), ProgramError, problem);
    assertEquals(await Deno.readTextFile(path), text);
  }
  // Another agency's list, and a list that was not recorded.
  await Deno.writeTextFile(path, "7\n8\n");
  for (const entries of ["sent/agency-2", "none/agency-1"]) {
    await assertRefused(
      path,
      { ...files, entries: `${dir}/${entries}` },
      problem,
    );
  }
  await assertRefused(path, { ...files, entries: "" }, problem);
  // The same list at another path is the user's copy.
  await Deno.copyFile(path, `${dir}/copy.txt`);
  await assertRefused(`${dir}/copy.txt`, files, NOT_OWN);
  // A recorded list is replaced under another name of the same file, too.
  await Deno.symlink(path, `${dir}/link`);
  await write(`${dir}/sent/../link`, files, ["9"]);
  assertEquals(await Deno.readTextFile(path), "9\n");
  assertEquals((await Deno.lstat(`${dir}/link`)).isSymlink, true);
});

test("WinnersFile.write() replaces a list after a run that was cut off before its rename", async (dir) => {
  const files = await putRecords(dir);
  const path = `${dir}/winners.txt`;
  await write(path, files, ["1"]);
  {
    using _failing = failRename("winners.txt");
    await assertRejects(() => write(path, files, ["2"]), ProgramError);
  }
  assertEquals(await Deno.readTextFile(path), "1\n");
  await write(path, files, ["3"]);
  assertEquals(await Deno.readTextFile(path), "3\n");
});

test("WinnersFile.write() makes the list as private as the agency's file", async (dir) => {
  const path = `${dir}/winners.txt`;
  const file = await WinnersFile.open(path, await putSource(dir));
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await file.write(["12", "7"]);
  assertEquals(await Deno.readTextFile(path), "12\n7\n");
  assertEquals(await modeOf(path), 0o640);
});

test("WinnersFile.write() keeps the permissions of the file that it replaces", async (dir) => {
  const path = `${dir}/winners.txt`;
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o604);
  await write(path, await putSource(dir), ["1"]);
  assertEquals(await modeOf(path), 0o604);
});

test("WinnersFile.write() writes to standard output and to devices", async (dir) => {
  const files = await putSource(dir);
  const written: string[] = [];
  {
    using _stdout = replace(Deno.stdout, {
      writeSync(bytes): number {
        written.push(new TextDecoder().decode(bytes));
        return bytes.length;
      },
      write: (bytes) => Promise.resolve(Deno.stdout.writeSync(bytes)),
    });
    setupLogging("INFO");
    getLogger().info("a line of the log");
    await write("-", files, ["12", "7"]);
  }
  CapturedLog.start();
  assertEquals(written.map((text) => text.slice(-8)), ["the log\n", "12\n7\n"]);
  await write("/dev/null", files, ["12"]);
  assertEquals((await Deno.stat("/dev/null")).isFile, false);
  // Deno refuses this device without full permissions.
  await assertProblem(
    () => write("/dev/full", files, ["12"]),
    'Cannot write winners "/dev/full": ',
  );
  assertEquals(Object.keys(await contents(dir)), ["agency.csv"]);
});

test("WinnersFile.write() names a file that it cannot write", async (dir) => {
  await Deno.mkdir(`${dir}/folder`);
  const path = `${dir}/folder/winners.txt`;
  // A missing agency's file is reported later, when the run opens it.
  const file = await WinnersFile.open(path, {
    agencyFile: `${dir}/none`,
    rejectedFile: `${dir}/none.rejected.csv`,
    entries: `${dir}/none/agency-1`,
  });
  await file.write(["12"]);
  assertEquals(await modeOf(path), 0o600);
  await Deno.remove(`${dir}/folder`, { recursive: true });
  await assertProblem(
    () => file.write(["12"]),
    `Cannot write winners "${path}": No such file`,
  );
});

async function write(
  path: string,
  files: OtherFiles,
  winners: string[],
): Promise<void> {
  await (await WinnersFile.open(path, files)).write(winners);
}

async function assertRefused(
  path: string,
  files: OtherFiles,
  reason: string,
): Promise<void> {
  await assertProblem(() => WinnersFile.open(path, files), reason);
}

async function modeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).mode! & 0o777;
}

/** Writes the agency's file. */
async function putSource(dir: string): Promise<OtherFiles> {
  const agencyFile = `${dir}/agency.csv`;
  await Deno.writeTextFile(agencyFile, "bets");
  await Deno.chmod(agencyFile, 0o640);
  return { agencyFile, rejectedFile: `${agencyFile}.rejected.csv` };
}

/** Writes the agency's file, and makes the folder for its entries. */
async function putRecords(dir: string): Promise<OtherFiles> {
  await Deno.mkdir(`${dir}/sent`);
  return { ...await putSource(dir), entries: `${dir}/sent/agency-1` };
}
