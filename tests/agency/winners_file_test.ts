import { assertEquals, assertRejects } from "@std/assert";
import {
  type OtherFiles,
  WinnersFile,
} from "../../agency/output/winners_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { getLogger, setupLogging } from "../../program/logging.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { failRename } from "../support/failing_calls.ts";
import { contents, folder } from "../support/folder.ts";
import { replace } from "../support/replaced.ts";

/** Names that are refused before anything is sent, and why. */
const REFUSED: [name: string, reason: string][] = [
  ["", 'Cannot write winners "": the name is empty'],
  ["agency.csv", "it is the agency's file itself"],
  ["hard.csv", "it is the agency's file itself"],
  ["soft.csv", "it is the agency's file itself"],
  ["dangling", "it is there and is not a list that an earlier run wrote"],
  ["none/winners.txt", "No such file or directory"],
  ["folder", "it is a directory"],
  ["agency.csv/winners.txt", "Not a directory (os error 20)"],
  ["agency.csv.rejected.csv", "agency.rejectedFile is the same file"],
  ["folder/../agency.csv.rejected.csv", "agency.rejectedFile is the same file"],
];

folder.test("open() refuses a file before anything is sent", async (dir) => {
  const source = await putSource(dir);
  await Deno.link(source, `${dir}/hard.csv`);
  await Deno.symlink(source, `${dir}/soft.csv`);
  await Deno.symlink(`${dir}/nothing`, `${dir}/dangling`);
  await Deno.mkdir(`${dir}/folder`);
  for (const [name, reason] of REFUSED) {
    const path = name === "" ? "" : `${dir}/${name}`;
    await assertRejects(
      () => WinnersFile.open(path, filesOf(source)),
      ProgramError,
      reason,
    );
  }
  assertEquals(await Deno.readTextFile(source), "bets");
});

const NOT_OWN =
  "it is there and is not a list that an earlier run wrote and nobody has changed since; move it away, or set --winners to another file";

folder.test("write() replaces a list that an earlier run wrote, and nothing else", async (dir) => {
  const source = await putSource(dir);
  await Deno.mkdir(`${dir}/sent`);
  const path = `${dir}/winners.txt`;
  const files = { ...filesOf(source), records: `${dir}/sent/agency-1` };
  const early = await WinnersFile.open(path, files);
  for (const winners of [["1", "2"], ["12"], ["12"], [], ["7", "8"]]) {
    await (await WinnersFile.open(path, files)).write(winners);
    const text = winners.map((document) => `${document}\n`).join("");
    assertEquals(await Deno.readTextFile(path), text);
  }
  for (const name of Object.keys(await contents(`${dir}/sent`))) {
    assertEquals(
      (await Deno.stat(`${dir}/sent/${name}`)).mode! & 0o777,
      0o600,
    );
  }
  for (
    const [text, others] of [
      // What the user wrote or has changed, or another agency's list.
      ["1\n2\n", files],
      ["7\n", files],
      ["7\n8", files],
      ["notes", files],
      ["7\n8\n", { ...files, records: `${dir}/sent/agency-2` }],
      ["7\n8\n", { ...files, records: "" }],
      ["7\n8\n", { ...files, records: `${dir}/none/agency-1` }],
    ] as const
  ) {
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(
      () => WinnersFile.open(path, others),
      ProgramError,
    );
    const message = `Cannot write winners "${path}": ${NOT_OWN}`;
    assertEquals(error.message, message);
    if (others === files) {
      const late = await assertRejects(
        () => early.write(["1"]),
        ProgramError,
      );
      assertEquals(late.message, message);
    }
    assertEquals(await Deno.readTextFile(path), text);
  }
  // The same list at another path is the user's copy.
  await Deno.copyFile(path, `${dir}/copy.txt`);
  await assertRejects(
    () => WinnersFile.open(`${dir}/copy.txt`, files),
    ProgramError,
    NOT_OWN,
  );
  // One that is known is replaced also when its name is another.
  await Deno.symlink(path, `${dir}/link`);
  await (await WinnersFile.open(`${dir}/sent/../link`, files)).write(["9"]);
  assertEquals(await Deno.readTextFile(path), "9\n");
  assertEquals((await Deno.lstat(`${dir}/link`)).isSymlink, true);
});

folder.test("write() replaces its list after a run that ended before it did", async (dir) => {
  const source = await putSource(dir);
  await Deno.mkdir(`${dir}/sent`);
  const path = `${dir}/winners.txt`;
  const files = { ...filesOf(source), records: `${dir}/sent/agency-1` };
  await (await WinnersFile.open(path, files)).write(["1"]);
  const file = await WinnersFile.open(path, files);
  {
    using _failing = failRename("winners.txt");
    await assertRejects(() => file.write(["2"]), ProgramError);
  }
  assertEquals(await Deno.readTextFile(path), "1\n");
  await (await WinnersFile.open(path, files)).write(["3"]);
  assertEquals(await Deno.readTextFile(path), "3\n");
});

folder.test("write() is as private as the source", async (dir) => {
  const source = await putSource(dir);
  const path = `${dir}/winners.txt`;
  const file = await WinnersFile.open(path, filesOf(source));
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await file.write(["12", "7"]);
  assertEquals(await Deno.readTextFile(path), "12\n7\n");
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
});

folder.test("write() keeps the permissions of what was there", async (dir) => {
  const source = await putSource(dir);
  const path = `${dir}/winners.txt`;
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o604);
  await (await WinnersFile.open(path, filesOf(source))).write(["1"]);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o604);
});

folder.test("write() keeps a link, and writes what it names", async (dir) => {
  const source = await putSource(dir);
  await Deno.writeTextFile(`${dir}/target`, "");
  await Deno.symlink(`${dir}/target`, `${dir}/link`);
  const file = await WinnersFile.open(`${dir}/link`, filesOf(source));
  await file.write(["1"]);
  assertEquals(await Deno.readTextFile(`${dir}/target`), "1\n");
  assertEquals((await Deno.lstat(`${dir}/link`)).isSymlink, true);
});

folder.test("write() writes to standard output, or a device", async (dir) => {
  const source = await putSource(dir);
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
    await (await WinnersFile.open("-", filesOf(source))).write(["12", "7"]);
  }
  CapturedLog.start();
  assertEquals(written.map((text) => text.slice(-8)), ["the log\n", "12\n7\n"]);
  await (await WinnersFile.open("/dev/null", filesOf(source))).write(["12"]);
  assertEquals((await Deno.stat("/dev/null")).isFile, false);
  // Without all rights, Deno itself refuses this device.
  await assertRejects(
    async () =>
      await (await WinnersFile.open("/dev/full", filesOf(source))).write([
        "12",
      ]),
    ProgramError,
    'Cannot write winners "/dev/full": ',
  );
  assertEquals(Object.keys(await contents(dir)), ["agency.csv"]);
});

folder.test("write() names a file that it cannot write", async (dir) => {
  await Deno.mkdir(`${dir}/folder`);
  const path = `${dir}/folder/winners.txt`;
  // An agency's file that is not there is reported when it is opened.
  const file = await WinnersFile.open(path, {
    ...filesOf(`${dir}/none`),
    records: `${dir}/none/agency-1`,
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
