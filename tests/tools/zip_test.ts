import { assert, assertEquals, assertThrows } from "@std/assert";
import { ZipArchive } from "../../tools/data/zip.ts";
import { buildZip, type BuiltEntry } from "../support/zip_builder.ts";

const TEXT = "Ángel,Núñez,30904465,1999-03-17,2201\r\n".repeat(100);

function unpack(bytes: Uint8Array): string[] {
  const zip = new ZipArchive(bytes, "bets.zip");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return zip.entries.map((entry) => decoder.decode(zip.read(entry)));
}

function one(entry: Partial<BuiltEntry> = {}): Uint8Array<ArrayBuffer> {
  return buildZip([{ name: "agency-1.csv", data: TEXT, ...entry }]);
}

Deno.test("ZipArchive reads stored, deflated and empty entries in order", () => {
  const bytes = buildZip([
    { name: "deflated.csv", data: TEXT },
    { name: "stored.csv", data: "a,b\r\n", deflated: false },
    { name: "folder/", data: "", deflated: false },
    { name: "empty.csv", data: "" },
  ]);
  assertEquals(unpack(bytes), [TEXT, "a,b\r\n", "", ""]);
  assertEquals(new ZipArchive(bytes, "").entries.map(({ name }) => name), [
    "deflated.csv",
    "stored.csv",
    "folder/",
    "empty.csv",
  ]);
});

Deno.test("ZipArchive skips a comment, even one like an end record", () => {
  const comment = "PK\x05\x06" + "x".repeat(30) + "PK\x05\x06";
  const entries = [{ name: "a", data: TEXT }];
  assertEquals(unpack(buildZip(entries, comment)), [TEXT]);
  const longest = "x".repeat(0xffff);
  assertEquals(unpack(buildZip(entries, longest)), [TEXT]);
});

Deno.test("ZipArchive throws on an archive cut at any byte", () => {
  const bytes = one();
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => unpack(bytes.subarray(0, length)),
      SyntaxError,
      'Cannot read the archive "bets.zip": it is truncated',
    );
  }
});

Deno.test("ZipArchive throws only its own errors for any changed byte", () => {
  const bytes = buildZip([
    { name: "a.csv", data: TEXT },
    { name: "b.csv", data: "1,2\r\n", deflated: false },
  ]);
  const right = unpack(bytes);
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const wrong = bytes.slice();
      wrong[at]! ^= flip;
      try {
        // Bytes that are not read, such as the time, change nothing.
        assertEquals(unpack(wrong), right);
      } catch (error) {
        assert(error instanceof SyntaxError, `byte ${at}: ${error}`);
        assert(error.message.startsWith("Cannot "), error.message);
      }
    }
  }
});

const WRONG_ENTRIES: [what: string, entry: Partial<BuiltEntry>, say: string][] =
  [
    ["of another method", { method: 12 }, "its compression method 12"],
    ["of another CRC-32", { crc: 7 }, "its size or its CRC-32 is wrong"],
    ["longer than told", { size: 10 }, "Cannot create a Buffer larger than"],
    ["shorter than told", { size: 9000 }, "its size or its CRC-32 is wrong"],
    ["of another stored size", { deflated: false, size: 9 }, "its size or"],
    ["past the end", { packedSize: 5000, deflated: false }, "its size or"],
    ["cut in its data", { packedSize: 20 }, "unexpected end of file"],
    ["not where told", { offset: 3 }, "a part of it is not at byte 3"],
    ["past the archive", { offset: 0xfffffff0 }, "bounds of the DataView"],
  ];

for (const [what, entry, say] of WRONG_ENTRIES) {
  Deno.test(`ZipArchive.read() throws on an entry ${what}`, () => {
    const error = assertThrows(() => unpack(one(entry)), SyntaxError, say);
    const start = 'Cannot unpack "agency-1.csv" of "bets.zip": ';
    assertEquals(error.message.slice(0, start.length), start);
  });
}

Deno.test("ZipArchive throws on what is not an archive", () => {
  assertThrows(
    () => unpack(new TextEncoder().encode(TEXT)),
    SyntaxError,
    'Cannot read the archive "bets.zip": it is truncated, or not a ZIP archive',
  );
});
