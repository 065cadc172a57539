import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import {
  changeCredentials,
  readCredentials,
} from "../../central/auth/credentials_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { Credentials } from "../../server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder as test } from "../support/folder.ts";
import { FakeIntervals } from "../support/intervals.ts";
import { writeCredentials } from "../support/served.ts";
import "../support/watchdog.ts";
import { replace } from "../support/replaced.ts";

/** The period of the looks at a file, and how many it takes to be read. */
const UNTIL_READ = [500, 3] as const;
const HASH = "0".repeat(64);
const UNO = new TextEncoder().encode("uno");
const BAD_FILES: [text: string, problem: string][] = [
  [`1,${HASH}\nx\n`, ", line 2: expected an agency"],
  [`0,${HASH}\n`, ", line 1: expected an agency"],
  [`01,${HASH}\n`, ", line 1: expected an agency"],
  [` 1,${HASH}\n`, ", line 1: expected an agency"],
  [`4294967296,${HASH}\n`, ", line 1: expected an agency"],
  [`1,${HASH}0\n`, ", line 1: expected an agency"],
  [`1,${HASH.slice(1)}\n`, ", line 1: expected an agency"],
  [`1,${HASH},2\n`, ", line 1: expected an agency"],
  [`1,${HASH}\nagency,sha256\n`, ", line 2: expected an agency"],
  [`1,${HASH}\n\n2,${HASH}\n1,${HASH}\n`, ", line 4: agency 1 is listed twice"],
  ["", ": it is empty"],
  ["\n \n", ": it is empty"],
];

test("Credentials.open() names the line that is wrong", async (dir) => {
  const path = `${dir}/credentials.csv`;
  for (const [text, problem] of BAD_FILES) {
    await Deno.writeTextFile(path, text);
    await assertRejects(
      () => Credentials.open(path),
      ProgramError,
      `Cannot use credentials "${path}"${problem}`,
    );
  }
  await assertRejects(
    () => Credentials.open(`${dir}/none.csv`),
    ProgramError,
    `Cannot read credentials "${dir}/none.csv": it does not exist; "deno task token add 1" creates it`,
  );
  await Deno.writeTextFile(path, `7,${"aB".repeat(32)}\r\n\r\n8,${HASH}`);
  const { hashes } = await readCredentials(path);
  assertEquals([...hashes.keys()], [7, 8]);
});

/** What is in the file for a moment, and cannot replace the list before. */
const MOMENTS: Record<string, (path: string) => Promise<void>> = {
  "is emptied": (path) => Deno.truncate(path),
  "is half written": (path) => Deno.writeTextFile(path, `1,${HASH}\n2,00`),
  "is removed": (path) => Deno.remove(path),
  "cannot be read": async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  },
};

for (const [name, change] of Object.entries(MOMENTS)) {
  test(`Credentials keeps the last list while the file ${name}, and reads it again after`, async (dir) => {
    const path = `${dir}/credentials.csv`;
    await writeCredentials(path, { 1: "uno", 2: "dos" });
    using intervals = new FakeIntervals();
    const log = CapturedLog.start();
    using credentials = await Credentials.open(path);
    const revoked: number[][] = [];
    credentials.onRevoked((agencies) => revoked.push([...agencies]));
    await change(path);
    await intervals.pass(...UNTIL_READ);
    const line = errorsOf(log)[0] ?? "";
    assert(line.startsWith("ERROR action: credentials | result: fail"));
    assert(line.endsWith("; keeping the previous ones"), line);
    assert(await credentials.isValid(1, UNO));
    assertEquals(revoked, []);
    if (name !== "is removed") await Deno.remove(path);
    await writeCredentials(path, { 1: "uno" });
    await intervals.pass(...UNTIL_READ);
    assertEquals(revoked, [[2]]);
    assertEquals(errorsOf(log).length, 1);
  });
}

function errorsOf(log: CapturedLog): string[] {
  return log.lines.filter((line) => line.startsWith("ERROR"));
}

test("Credentials.isValid() knows each agency's token only", async (dir) => {
  const path = `${dir}/credentials.csv`;
  await writeCredentials(path, { 1: "uno", 2: "dos" });
  using credentials = await Credentials.open(path);
  const isValid = (agency: number, token: string) =>
    credentials.isValid(agency, new TextEncoder().encode(token));
  assertEquals([await isValid(1, "uno"), await isValid(2, "dos")], [
    true,
    true,
  ]);
  for (const token of ["dos", "unos", "un", ""]) {
    assertFalse(await isValid(1, token), token);
  }
  assertFalse(await isValid(3, "uno"));
});

test("Credentials revokes every token of a list of nobody", async (dir) => {
  using intervals = new FakeIntervals();
  const path = `${dir}/credentials.csv`;
  const log = CapturedLog.start();
  await changeCredentials(path, () => new Map([[1, new Uint8Array(32)]]));
  {
    using credentials = await Credentials.open(path);
    const revoked: number[][] = [];
    credentials.onRevoked((agencies) => revoked.push([...agencies]));
    await changeCredentials(path, () => new Map());
    await intervals.pass(...UNTIL_READ);
    assertEquals(revoked, [[1]]);
  }
  assertEquals(intervals.periodsMs, []);
  assertEquals(log.lines, [
    "INFO action: credentials | result: success | agencies: 1",
    "INFO action: credentials | result: success | agencies: 0",
  ]);
});

test("changeCredentials() loses no change of several at once", async (dir) => {
  const path = `${dir}/credentials.csv`;
  const agencies = Array.from({ length: 60 }, (_, i) => i + 1);
  // Some find the first file and wait, others come when it was replaced.
  await Promise.all([0, 1, 2, 3, 4].map(async (worker) => {
    for (const agency of agencies) {
      if (agency % 5 !== worker) continue;
      await changeCredentials(
        path,
        (hashes) => new Map([...hashes, [agency, new Uint8Array(32)]]),
      );
    }
  }));
  const { hashes } = await readCredentials(path);
  assertEquals([...hashes.keys()].sort((a, b) => a - b), agencies);
  const entries = await Array.fromAsync(Deno.readDir(dir));
  const names = entries.map(({ name }) => name);
  assertEquals(names, ["credentials.csv"]);
});

test("changeCredentials() keeps owner and mode, and the file that a link points to", async (dir) => {
  await Deno.mkdir(`${dir}/secrets`);
  const target = `${dir}/secrets/tokens.csv`;
  const link = `${dir}/credentials.csv`;
  await Deno.writeTextFile(target, `1,${HASH}\n`);
  await Deno.chmod(target, 0o640);
  await Deno.symlink(target, link);
  const own = await Deno.stat(target);
  // Only root may give a file away.
  const [uid, gid] = own.uid === 0 ? [12, 34] : [own.uid!, own.gid!];
  for (const owner of [[uid, own.gid], [own.uid, gid], [uid, gid]]) {
    await Deno.chown(target, owner[0]!, owner[1]!);
    await changeCredentials(link, (hashes) => hashes);
    const now = await Deno.stat(target);
    assertEquals([now.uid, now.gid], owner);
  }
  await changeCredentials(link, (hashes) => {
    assertEquals([...hashes.keys()], [1]);
    return new Map([[2, new Uint8Array(32)]]);
  });
  assert((await Deno.lstat(link)).isSymlink);
  const now = await Deno.stat(target);
  assertEquals([now.uid, now.gid, now.mode! & 0o777], [uid, gid, 0o640]);
  assertEquals(
    await Deno.readTextFile(target),
    `2,${"00".repeat(32)}\n`,
  );
  await changeCredentials(`${dir}/new.csv`, () => new Map());
  assertEquals((await Deno.stat(`${dir}/new.csv`)).mode! & 0o777, 0o600);
  await assertRejects(() =>
    changeCredentials(link, () => {
      throw new ProgramError("Cannot change");
    }), ProgramError);
  const { hashes } = await readCredentials(link);
  assertEquals([...hashes.keys()], [2]);
});

/** Calls of the system that may fail, and what is said then. */
const FAILURES = {
  rename: (path: string) => `Cannot replace credentials "${path}": no access`,
  writeTextFile: (path: string) =>
    `Cannot replace credentials "${path}": no access`,
  open: (path: string) => `Cannot open credentials "${path}": no access`,
  readTextFile: (path: string) =>
    `Cannot read credentials "${path}": no access`,
  stat: () => "no access",
} as const;

for (const [name, message] of Object.entries(FAILURES)) {
  test(`changeCredentials() changes nothing and leaves nothing if ${name} fails`, async (dir) => {
    const path = `${dir}/credentials.csv`;
    await Deno.writeTextFile(path, `1,${HASH}\n`);
    const cause = new Deno.errors.PermissionDenied("no access");
    {
      using _failing = replace(Deno, {
        [name]: () => Promise.reject(cause),
      });
      const error = await assertRejects(
        () => changeCredentials(path, () => new Map()),
        Error,
      );
      assertEquals(error.message, message(path));
      assert(error === cause || error.cause === cause);
    }
    assertEquals(await Deno.readTextFile(path), `1,${HASH}\n`);
    const entries = await Array.fromAsync(Deno.readDir(dir));
    assertEquals(entries.map(({ name }) => name), ["credentials.csv"]);
  });
}
