import { assertEquals } from "@std/assert";
import { SourceFile } from "../../agency/source/source_file.ts";
import { fingerprintOf } from "../support/fingerprint.ts";
import { changeWrites } from "../support/failing_calls.ts";
import { testInFolder as test } from "../support/folder.ts";
import { runTool, testTools } from "../support/tool.ts";
import { replace } from "../support/replaced.ts";
import { assertProblem } from "../support/problems.ts";

const UTF8 = new TextEncoder();

test("SourceFile.open() does not wait for a stream's end if it is aborted", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let isCanceled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(bytes): void {
      if (signal.aborted) return bytes.close();
      controller.abort("stop");
      bytes.enqueue(UTF8.encode("a\n"));
    },
    cancel(): void {
      isCanceled = true;
    },
  });
  const error = await SourceFile.open(stream, { signal })
    .then(() => undefined, (error) => error);
  assertEquals([error, isCanceled], ["stop", true]);
});

test("SourceFile.open() reads a stream to its end", async () => {
  const stream = ReadableStream.from([UTF8.encode("a\r"), UTF8.encode("\nb")]);
  using _short = changeWrites(
    "loteria-",
    (write, bytes) => write(bytes.subarray(0, 1)),
  );
  using source = await SourceFile.open(stream);
  assertEquals(source.fingerprint, fingerprintOf("a\nb\n"));
  assertEquals(source.mode, undefined);
  source.throwIfChanged();
});

test("SourceFile.open() explains that there is no room for a stream's copy", async (dir) => {
  using _temporary = temporaryIn(`${dir}/none`);
  const stream = ReadableStream.from([UTF8.encode("a\n")]);
  await assertProblem(
    () => SourceFile.open(stream),
    "Cannot copy the input to a temporary file: No such file or directory (os error 2); set TMPDIR",
  );
});

testTools(
  ["mkfifo"],
  "SourceFile.open() does not wait for a pipe's writer if it is aborted",
  async (dir) => {
    const path = `${dir}/pipe`;
    await runTool("mkfifo", [path]);
    const { open } = Deno;
    let opening: Promise<Deno.FsFile> | undefined;
    Deno.open = (path) => opening = open(path);
    const stopping = new AbortController();
    for (const signal of [AbortSignal.abort("stop"), stopping.signal]) {
      let hasWaited = false;
      const timer = setTimeout(() => {
        hasWaited = true;
        return Deno.writeTextFile(path, "");
      }, 1000);
      const opened = SourceFile.open(path, { signal })
        .then(() => undefined, (error) => error);
      stopping.abort("stop");
      const error = await opened;
      clearTimeout(timer);
      // Ends the pending system call, which cannot be aborted.
      (await open(path, { read: true, write: true })).close();
      await opening;
      assertEquals([error, hasWaited], ["stop", false]);
    }
    Deno.open = open;
    const listeners = new Set<unknown>();
    const { signal } = new AbortController();
    signal.addEventListener = (_: string, call: unknown) => listeners.add(call);
    signal.removeEventListener = (_: string, call: unknown) =>
      listeners.delete(call);
    const opened = SourceFile.open(path, { signal });
    await Deno.writeTextFile(path, "a\n");
    using source = await opened;
    assertEquals(source.fingerprint, fingerprintOf("a\n"));
    assertEquals(listeners.size, 0);
  },
);

/** Lets temporary files be made in a folder. */
function temporaryIn(dir: string): Disposable {
  const { makeTempFile } = Deno;
  return replace(Deno, {
    makeTempFile: (options) => makeTempFile({ ...options, dir }),
  });
}
