import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { SourceFile } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import {
  CHUNK_BYTES,
  contentOf,
  fingerprintOf,
} from "../support/fingerprint.ts";
import { testInFolder as test } from "../support/folder.ts";
import { contentIn, openSource, withShortReads } from "../support/records.ts";

const UTF8 = new TextEncoder();
const MARK = "\ufeff";

/** Contents in several spellings, which must have the same fingerprint. */
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
      using source = await openSource(dir, text);
      assertEquals(source.fingerprint, fingerprintOf(text), text);
      assertEquals(source.fingerprint, fingerprintOf(spellings[0]!), text);
      assertEquals(
        await contentIn(source),
        contentOf(UTF8.encode(spellings[0]!)),
      );
    }
  });
}

test("SourceFile.fingerprint differs for different contents", async (dir) => {
  const found = new Set<string>();
  const contents = Object.values(SPELLINGS).map(([text]) => text!);
  for (const text of [...contents, "\ra\n", `a${MARK}\n`, `${MARK}${MARK}`]) {
    using source = await openSource(dir, text);
    found.add(source.fingerprint);
  }
  assertEquals(found.size, contents.length + 3);
});

test("SourceFile.readChunk() returns the content if a line end meets a chunk's edge", async (dir) => {
  // A byte order mark and CRs move the edges of the chunks.
  for (const end of ["", "\n", "\r", "\r\n", "\rx", "\r\rx\r\n"]) {
    for (let shift = -4; shift <= 1; shift++) {
      for (const start of [MARK, "\r\n\r"]) {
        const text = `${start}${"x".repeat(CHUNK_BYTES + shift)}${end}`;
        await assertContent(dir, text, [0]);
      }
    }
  }
});

test("SourceFile.readChunk() returns several chunks of random lines", async (dir) => {
  const lines = ["a,b\r\n", "\r\n", "\n", "ñandú\r\n", "x\ry\n", "\r\r\n"];
  const text = Array.from(
    { length: 3 * CHUNK_BYTES / 4 },
    (_, i) => lines[(i * i + (i >> 3)) % lines.length],
  ).join("");
  await assertContent(dir, text);
  await assertContent(dir, `${MARK}${text}z`);
  await withShortReads(5_001, () => assertContent(dir, text));
});

test("SourceFile.readChunk() returns the content despite short reads", async (dir) => {
  await withShortReads(1, async () => {
    for (const text of [`${MARK}a\r\nb\r\r\n\rc`, "\r\n\r", MARK]) {
      await assertContent(dir, text);
    }
  });
});

test("SourceFile.content says how the file's lines end", async (dir) => {
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
    using source = await openSource(dir, text);
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
    using source = await openSource(dir, text);
    assertEquals(source.content.firstForeignChunk, chunk);
  }
});

test("SourceFile.open() reports progress", async (dir) => {
  const text = `${MARK}${"x\r\n".repeat(CHUNK_BYTES)}`;
  const progress: number[] = [];
  using source = await openSource(dir, text, {
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
          // In another turn of the event loop, as a signal handler would.
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

/** Checks a file that is read again, and a file that is kept in memory. */
async function assertContent(
  dir: string,
  text: string,
  limits = [0, Infinity],
): Promise<void> {
  const bytes = UTF8.encode(text);
  const expected = contentOf(bytes);
  for (const keptBytes of limits) {
    using source = await openSource(dir, text, { keptBytes });
    assertEquals(source.contentSize, expected.length);
    assertEquals(source.fingerprint, fingerprintOf(bytes));
    const content = await contentIn(source);
    assertEquals(content.length, expected.length);
    // Far faster for large arrays than assertEquals().
    assertEquals(Buffer.compare(content, expected), 0);
  }
}
