import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import {
  SourceFile,
  type SourceFileOptions,
} from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import {
  CHUNK_BYTES,
  contentOf,
  fingerprintOf,
} from "../support/fingerprint.ts";
import { changeWrites, systemError } from "../support/failing_calls.ts";
import { contents, testInFolder as test } from "../support/folder.ts";
import { runTool, testTools } from "../support/tool.ts";
import { withShortReads } from "../support/records.ts";
import { replace } from "../support/replaced.ts";
import { assertProblem } from "../support/problems.ts";

const UTF8 = new TextEncoder();
const MARK = "\ufeff";
/** Every chunk is read again. */
const NOTHING_KEPT = { keptBytes: 0 };

/** All spellings of each of these contents have one fingerprint. */
const SPELLINGS: Record<string, string[]> = {
  "nothing": ["", MARK],
  "an empty line": ["\n", "\r\n", "\r", `${MARK}\r\n`],
  "one line": ["a\n", "a", "a\r\n", "a\r", `${MARK}a`],
  "two lines": ["a\nb\n", "a\r\nb\r\n", "a\r\nb", "a\nb\r\n", "a\nb\r"],
  "two empty lines": ["\n\n", "\r\n\r\n", "\n\r", "\r\n\r"],
  "a lone CR": ["a\rb\n", "a\rb\r\n", "a\rb", "a\rb\r"],
  "a CR before a line end": ["a\r\r\n", "a\r\r\nb".slice(0, -1)],
};

for (const [what, spellings] of Object.entries(SPELLINGS)) {
  test(`SourceFile.fingerprint is the same for all spellings of ${what}`, async (dir) => {
    for (const text of spellings) {
      using source = await open(dir, text);
      assertEquals(source.fingerprint, fingerprintOf(text), text);
      assertEquals(source.fingerprint, fingerprintOf(spellings[0]!), text);
      assertEquals(
        await contentIn(source),
        contentOf(UTF8.encode(spellings[0]!)),
      );
    }
  });
}

test("SourceFile.fingerprint differs for other contents", async (dir) => {
  const found = new Set<string>();
  const contents = Object.values(SPELLINGS).map(([text]) => text!);
  for (const text of [...contents, "\ra\n", `a${MARK}\n`, `${MARK}${MARK}`]) {
    using source = await open(dir, text);
    found.add(source.fingerprint);
  }
  assertEquals(found.size, contents.length + 3);
});

test("readChunk() returns the content, wherever a line end meets a chunk's edge", async (dir) => {
  // With a byte order mark, and CRs before it, each edge is moved.
  for (const end of ["", "\n", "\r", "\r\n", "\rx", "\r\rx\r\n"]) {
    for (let shift = -4; shift <= 1; shift++) {
      for (const start of [MARK, "\r\n\r"]) {
        const text = `${start}${"x".repeat(CHUNK_BYTES + shift)}${end}`;
        await assertContent(dir, text, [0]);
      }
    }
  }
});

test("readChunk() returns several chunks of any lines", async (dir) => {
  const lines = ["a,b\r\n", "\r\n", "\n", "ñandú\r\n", "x\ry\n", "\r\r\n"];
  const text = Array.from(
    { length: 3 * CHUNK_BYTES / 4 },
    (_, i) => lines[(i * i + (i >> 3)) % lines.length],
  ).join("");
  await assertContent(dir, text);
  await assertContent(dir, `${MARK}${text}z`);
  await withShortReads(5_001, () => assertContent(dir, text));
});

test("readChunk() returns the content in short reads", async (dir) => {
  await withShortReads(1, async () => {
    for (const text of [`${MARK}a\r\nb\r\r\n\rc`, "\r\n\r", MARK]) {
      await assertContent(dir, text);
    }
  });
});

test("SourceFile says how the file's lines end", async (dir) => {
  const cases: [text: string, lineEnd: string, isCut: boolean][] = [
    ["", "\n", false],
    [MARK, "\n", false],
    ["a\nb\n", "\n", false],
    ["a\nb", "\n", true],
    ["a\r\nb\r\n", "\r\n", false],
    ["a\r\nb", "\r\n", true],
    ["a\nb\r\n", "\n", false],
    ["\r\nb\n", "\r\n", false],
    [`${MARK}a\r\nb`, "\r\n", true],
    ["a\r\nb\r", "\r\n", false],
    [`${MARK}a`, "\n", true],
  ];
  for (const [text, lineEnd, isCut] of cases) {
    using source = await open(dir, text);
    assertEquals([source.content.lineEnd, source.content.isCut], [
      lineEnd,
      isCut,
    ], text);
  }
});

test("SourceFile finds the first chunk that is not ASCII", async (dir) => {
  const ascii = "x".repeat(CHUNK_BYTES);
  const cases: [text: string, chunk: number][] = [
    [ascii, -1],
    [`${MARK}${ascii}x`, -1],
    [`${ascii}ñ`, 1],
    [`ñ${ascii}`, 0],
    [`${ascii.slice(1)}ñ`, 0],
  ];
  for (const [text, chunk] of cases) {
    using source = await open(dir, text);
    assertEquals(source.content.firstForeignChunk, chunk);
  }
});

test("SourceFile.open() reports progress", async (dir) => {
  const text = `${MARK}${"x\r\n".repeat(CHUNK_BYTES)}`;
  const progress: number[] = [];
  using source = await open(dir, text, {
    onProgress: (bytes) => progress.push(bytes),
  });
  assertEquals(source.size, 3 + 3 * CHUNK_BYTES);
  assertEquals(source.contentSize, 2 * CHUNK_BYTES);
  assertEquals(progress.length, source.chunks);
  assertEquals(progress.at(-1), source.size);
});

test("SourceFile.open() stops when aborted", async (dir) => {
  await Deno.writeFile(`${dir}/bets.csv`, new Uint8Array(0));
  await Deno.truncate(`${dir}/bets.csv`, 2 ** 28);
  const controller = new AbortController();
  let read = 0;
  await assertRejects(
    () =>
      SourceFile.open(`${dir}/bets.csv`, {
        signal: controller.signal,
        onProgress(bytes): void {
          // As a signal handler: in another turn of the event loop.
          if (read === 0) {
            setTimeout(() => controller.abort(new Error("stopped")));
          }
          read = bytes;
        },
      }),
    Error,
    "stopped",
  );
  assertLess(read, 2 ** 28);
});

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

test("SourceFile.open() names a file that cannot be read", async (dir) => {
  for (const path of [`${dir}/none.csv`, dir]) {
    await assertRejects(
      () => SourceFile.open(path),
      ProgramError,
      `Cannot read agency's file "${path}": `,
    );
  }
});

test("SourceFile.open() says where it expected a relative path", async (dir) => {
  const cases = {
    "none.csv": `; expected it at "${Deno.cwd()}/none.csv"`,
    [`${dir}/none.csv`]: undefined,
  };
  for (const [path, expected] of Object.entries(cases)) {
    const { message } = await assertRejects(
      () => SourceFile.open(path),
      ProgramError,
    );
    assertEquals(/; expected .*/.exec(message)?.[0], expected);
  }
});

const CHANGES: Record<string, [(path: string) => Promise<void>, RegExp]> = {
  "appended to": [
    (path) => Deno.writeTextFile(path, "more", { append: true }),
    /it had 9 bytes and now has 13/,
  ],
  "cut": [(path) => Deno.truncate(path, 4), /it had 9 bytes and now has 4/],
  "overwritten": [
    async (path) => {
      await Deno.writeTextFile(path, "OTHERS...");
      await Deno.utime(path, 1, 1);
    },
    /it was written to/,
  ],
  "replaced": [
    async (path) => {
      await Deno.writeTextFile(`${path}.new`, "SOMETHING");
      await Deno.rename(`${path}.new`, path);
    },
    /another file has its name now/,
  ],
  "removed": [(path) => Deno.remove(path), /No such file/],
};

for (const [name, [change, what]] of Object.entries(CHANGES)) {
  test(`SourceFile tells when it was ${name}`, async (dir) => {
    const path = `${dir}/bets.csv`;
    using source = await open(dir, "something", {});
    source.throwIfChanged();
    await change(path);
    const error = assertThrows(
      () => source.throwIfChanged(),
      ProgramError,
      `agency's file "${path}": it changed while it was sent`,
    );
    assertMatch(error.message, what);
    // What was read is kept.
    assertEquals(await contentIn(source), UTF8.encode("something\n"));
  });
}

test("readChunk() refuses bytes that were not hashed, whatever the file's time", async (dir) => {
  const path = `${dir}/bets.csv`;
  const bytes = new Uint8Array(2 * CHUNK_BYTES + 9).fill(0x61);
  for (const at of [0, CHUNK_BYTES, bytes.length - 1]) {
    await Deno.writeFile(path, bytes);
    const { atime, mtime } = await Deno.stat(path);
    using source = await SourceFile.open(path, NOTHING_KEPT);
    using file = await Deno.open(path, { write: true });
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(0x62));
    await Deno.utime(path, atime!, mtime!);
    source.throwIfChanged();
    const changed = Math.floor(at / CHUNK_BYTES);
    for (let index = 0; index < source.chunks; index++) {
      const into = new Uint8Array(CHUNK_BYTES);
      if (index !== changed) await source.readChunk(index, into);
      else {
        await assertRejects(
          () => source.readChunk(index, into),
          ProgramError,
          "it changed while it was sent (its content is not what was read at first)",
        );
      }
    }
  }
});

test("readChunk() reports a file that cannot be read", async (dir) => {
  const path = `${dir}/bets.csv`;
  using source = await open(dir, "something");
  using _failing = replace(Deno.FsFile.prototype, {
    readSync(): never {
      throw systemError("Input/output error (os error 5)", "EIO");
    },
  });
  await assertRejects(
    () => source.readChunk(0, new Uint8Array(20)),
    ProgramError,
    `Cannot read agency's file "${path}": Input/output error`,
  );
});

test("readChunk() reports a file that was cut", async (dir) => {
  const path = `${dir}/bets.csv`;
  using source = await open(dir, "something");
  await Deno.truncate(path, 4);
  await assertProblem(
    () => source.readChunk(0, new Uint8Array(20)),
    "it ends at byte 4 of 9",
  );
  // What is as large as the limit is kept.
  using kept = await SourceFile.open(path, { keptBytes: 4 });
  await Deno.truncate(path, 1);
  assertEquals(await contentIn(kept), UTF8.encode("some\n"));
});

test("SourceFile.open() gives a stream's copy no name that would outlive it", async (dir) => {
  using _temporary = temporaryIn(dir);
  const stream = ReadableStream.from([UTF8.encode("a\n")]);
  using source = await SourceFile.open(stream);
  assertEquals(source.fingerprint, fingerprintOf("a\n"));
  assertEquals(await contents(dir), {});
});

test("SourceFile.open() says where a stream's copy has no room", async (dir) => {
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
      // Ends the call to the system, which nothing can abort.
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

async function open(
  dir: string,
  text: string,
  options: SourceFileOptions = NOTHING_KEPT,
): Promise<SourceFile> {
  await Deno.writeTextFile(`${dir}/bets.csv`, text);
  return await SourceFile.open(`${dir}/bets.csv`, options);
}

/** Makes temporary files in a folder. */
function temporaryIn(dir: string): Disposable {
  const { makeTempFile } = Deno;
  return replace(Deno, {
    makeTempFile: (options) => makeTempFile({ ...options, dir }),
  });
}

async function contentIn(source: SourceFile): Promise<Uint8Array> {
  const content = new Uint8Array(source.contentSize + CHUNK_BYTES + 1);
  let size = 0;
  for (let index = 0; index < source.chunks; index++) {
    size += await source.readChunk(index, content.subarray(size));
  }
  return content.subarray(0, size);
}

/** Checks a file that is read again, and one that is kept. */
async function assertContent(
  dir: string,
  text: string,
  limits = [0, Infinity],
): Promise<void> {
  const bytes = UTF8.encode(text);
  const expected = contentOf(bytes);
  for (const keptBytes of limits) {
    using source = await open(dir, text, { keptBytes });
    assertEquals(source.contentSize, expected.length);
    assertEquals(source.fingerprint, fingerprintOf(bytes));
    const content = await contentIn(source);
    assertEquals(content.length, expected.length);
    // Far faster for large arrays than assertEquals().
    assertEquals(Buffer.compare(content, expected), 0);
  }
}
