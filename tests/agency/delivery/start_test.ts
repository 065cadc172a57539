import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Start, startedBut } from "../../../agency/delivery/start.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { testInFolder as test } from "../../support/folder.ts";
import { replace } from "../../support/replaced.ts";

test("takeTurn() waits for other runs of the agency", async (dir) => {
  const order: string[] = [];
  const first = new Start(dir, 1);
  await first.mark("-");
  await first.takeTurn();
  using second = new Start(dir, 1);
  using time = new FakeTime();
  const log = CapturedLog.start();
  const turn = second.takeTurn().then(() => {
    order.push(`second, ${startedBut(dir, 1, "other").length} started`);
  });
  using other = new Start(dir, 2);
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

test("takeTurn() can be aborted", async (dir) => {
  // The calls to the system go on.
  const locks: Promise<void>[] = [];
  const { lock } = Deno.FsFile.prototype;
  using _locks = replace(Deno.FsFile.prototype, {
    lock(this: Deno.FsFile, isExclusive): Promise<void> {
      const locked = lock.call(this, isExclusive);
      locks.push(locked);
      return locked;
    },
  });
  const first = new Start(dir, 1);
  await first.takeTurn();
  using time = new FakeTime();
  const log = CapturedLog.start();
  const controller = new AbortController();
  const second = new Start(dir, 1, controller.signal);
  const stopped = AbortSignal.abort(new Error("stopped"));
  const late = new Start(dir, 1, stopped);
  await assertRejects(() => late.takeTurn(), Error, "stopped");
  late[Symbol.dispose]();
  const aborted = assertRejects(() => second.takeTurn(), Error, "stopped");
  controller.abort(new Error("stopped"));
  await aborted;
  // It does not wait any more.
  time.advance(1000);
  assertEquals(log.lines, []);
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  await Promise.all(locks);
});

test("takeTurn() does not wait without a folder", async (dir) => {
  for (const folder of ["", `${dir}/none`]) {
    using first = new Start(folder, 1);
    await first.takeTurn();
    using second = new Start(folder, 1);
    await second.takeTurn();
  }
});

test("startedBut() finds what else the agency reads", async (dir) => {
  const path = `${await Deno.realPath(dir)}/bets.csv`;
  await Deno.writeTextFile(path, "");
  using start = new Start(`${dir}/sent`, 1);
  await start.mark(path);
  const found = (agency: number, own?: string) =>
    startedBut(`${dir}/sent`, agency, own).map(({ path }) => path);
  assertEquals(found(1), [path]);
  assertEquals(found(1, `${path}2`), [path]);
  // A run of the same file at the same time.
  assertEquals(found(1, path), []);
  assertEquals(found(11), []);
});
