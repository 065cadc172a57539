import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { otherStarted, RunStart } from "../../../agency/delivery/run_start.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { testInFolder as test } from "../../support/folder.ts";
import { replace } from "../../support/replaced.ts";

test("RunStart.takeTurn() waits for other runs of the agency", async (dir) => {
  const order: string[] = [];
  const first = new RunStart(dir, 1);
  await first.mark("-");
  await first.takeTurn();
  using second = new RunStart(dir, 1);
  using time = new FakeTime();
  const log = CapturedLog.start();
  const turn = second.takeTurn().then(() => {
    order.push(`second, ${otherStarted(dir, 1, "other").length} started`);
  });
  using other = new RunStart(dir, 2);
  await other.takeTurn();
  order.push("first");
  for (const [waitMs, lines] of [[999, 0], [1, 1], [9999, 1]] as const) {
    time.advance(waitMs);
    assertEquals(log.lines.length, lines);
  }
  assertStringIncludes(log.lines[0]!, "WARN action: connect");
  assertStringIncludes(log.lines[0]!, "another run of this agency");
  first[Symbol.dispose]();
  await turn;
  assertEquals(order, ["first", "second, 0 started"]);
});

test("RunStart.takeTurn() can be aborted", async (dir) => {
  // Collects the system calls, which an abort does not end.
  const locks: Promise<void>[] = [];
  const { lock } = Deno.FsFile.prototype;
  using _locks = replace(Deno.FsFile.prototype, {
    lock(this: Deno.FsFile, isExclusive): Promise<void> {
      const locked = lock.call(this, isExclusive);
      locks.push(locked);
      return locked;
    },
  });
  const first = new RunStart(dir, 1);
  await first.takeTurn();
  using time = new FakeTime();
  const log = CapturedLog.start();
  const controller = new AbortController();
  const second = new RunStart(dir, 1, controller.signal);
  const stopped = AbortSignal.abort(new Error("stopped"));
  const late = new RunStart(dir, 1, stopped);
  await assertRejects(() => late.takeTurn(), Error, "stopped");
  late[Symbol.dispose]();
  const aborted = assertRejects(() => second.takeTurn(), Error, "stopped");
  controller.abort(new Error("stopped"));
  await aborted;
  // The aborted run no longer waits, so it does not log.
  time.advance(1000);
  assertEquals(log.lines, []);
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  await Promise.all(locks);
});

test("RunStart.takeTurn() does not wait without a folder", async (dir) => {
  for (const folder of ["", `${dir}/none`]) {
    using first = new RunStart(folder, 1);
    await first.takeTurn();
    using second = new RunStart(folder, 1);
    await second.takeTurn();
  }
});

test("otherStarted() finds the agency's other inputs", async (dir) => {
  const path = `${await Deno.realPath(dir)}/bets.csv`;
  await Deno.writeTextFile(path, "");
  using start = new RunStart(`${dir}/sent`, 1);
  await start.mark(path);
  const found = (agency: number, own?: string) =>
    otherStarted(`${dir}/sent`, agency, own).map(({ path }) => path);
  assertEquals(found(1), [path]);
  assertEquals(found(1, `${path}2`), [path]);
  // A run of the same file is not another input.
  assertEquals(found(1, path), []);
  assertEquals(found(11), []);
});

test("RunStart.mark() outlasts a power failure", async (dir) => {
  const flushed: string[] = [];
  using _flushes = replace(Deno.FsFile.prototype, {
    syncDataSync: () => void flushed.push("file"),
    syncSync: () => void flushed.push("folder"),
  });
  using start = new RunStart(dir, 1);
  await start.mark("-");
  assertEquals(flushed, ["file", "folder"]);
});
