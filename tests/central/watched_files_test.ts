import { assertEquals } from "@std/assert";
import { watchFiles } from "../../central/auth/watched_files.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder as test } from "../support/folder.ts";
import { FakeIntervals } from "../support/intervals.ts";
import "../support/watchdog.ts";

const PERIOD_MS = 500;

test("watchFiles() loads files once they look the same twice", async (dir) => {
  using intervals = new FakeIntervals();
  const paths = [`${dir}/a`, `${dir}/b`];
  for (const path of paths) await Deno.writeTextFile(path, "");
  const loaded: string[] = [];
  using _watch = await watchFiles(paths, "files", async () => {
    const texts = await Promise.all(
      paths.map((one) => Deno.readTextFile(one)),
    );
    loaded.push(texts.join());
  });
  await intervals.pass(PERIOD_MS);
  assertEquals(loaded, [","]);
  for (const text of ["1", "12", "123"]) {
    await Deno.writeTextFile(paths[1]!, text);
    await intervals.pass(PERIOD_MS);
    assertEquals(loaded, [","]);
  }
  await intervals.pass(PERIOD_MS, 3);
  assertEquals(loaded, [",", ",123"]);
});

test("watchFiles() looks again only when it has loaded, and not once disposed of", async (dir) => {
  using intervals = new FakeIntervals();
  const path = `${dir}/a`;
  await Deno.writeTextFile(path, "1");
  const loads: PromiseWithResolvers<void>[] = [];
  {
    using _watch = await watchFiles([path], "files", async () => {
      if (loads.push(Promise.withResolvers()) > 1) {
        await loads.at(-1)!.promise;
      }
    });
    await Deno.writeTextFile(path, "12");
    await intervals.pass(PERIOD_MS);
    const loading = intervals.pass(PERIOD_MS);
    await intervals.pass(PERIOD_MS);
    while (loads.length < 2) await Deno.stat(path);
    await intervals.pass(PERIOD_MS, 3);
    loads[1]!.resolve();
    await loading;
    await intervals.pass(PERIOD_MS, 3);
    assertEquals(loads.length, 2);
  }
  assertEquals(intervals.periodsMs, []);
});

test("watchFiles() logs a problem once, and again after a success", async (dir) => {
  using intervals = new FakeIntervals();
  const log = CapturedLog.start();
  const path = `${dir}/a`;
  await Deno.writeTextFile(path, "good");
  using _watch = await watchFiles([path], "files", async () => {
    const text = await Deno.readTextFile(path);
    if (text !== "good") throw new Error(`Cannot use "${text}"`);
  });
  for (const text of ["bad", "good", "bad"]) {
    await Deno.writeTextFile(path, text);
    await intervals.pass(PERIOD_MS, 4);
  }
  const problem =
    'ERROR action: files | result: fail | reason: Cannot use "bad"; keeping the previous ones';
  assertEquals(log.lines, [problem, problem]);
});
