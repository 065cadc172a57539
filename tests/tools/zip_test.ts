import { assert, assertEquals, assertThrows } from "@std/assert";
import { ZipArchive } from "../../tools/zip.ts";
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

Deno.test("ZipArchive reads an archive without entries", () => {
  assertEquals(unpack(buildZip([])), []);
});

Deno.test("ZipArchive reads an archive that is part of a larger buffer", () => {
  const bytes = one();
  const larger = new Uint8Array(bytes.length + 20);
  larger.set(bytes, 7);
  assertEquals(unpack(larger.subarray(7, 7 + bytes.length)), [TEXT]);
});

Deno.test("ZipArchive skips a comment, even one like an end record", () => {
  const comment = "PK\x05\x06" + "x".repeat(30) + "PK\x05\x06";
  const entries = [{ name: "a", data: TEXT }];
  assertEquals(unpack(buildZip(entries, { comment })), [TEXT]);
  const longest = "x".repeat(0xffff);
  assertEquals(unpack(buildZip(entries, { comment: longest })), [TEXT]);
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
    ["encrypted", { flags: 1 }, "it is encrypted"],
    ["strongly encrypted", { flags: 0x41 }, "it is encrypted"],
    ["zip64", { size: 0xffffffff }, "it is zip64"],
    ["too large", { size: 0xfffffffe }, "bytes are over 536870912"],
    ["of another method", { method: 12 }, "its compression method 12"],
    ["of another CRC-32", { crc: 7 }, "its CRC-32 is 0x"],
    ["longer than told", { size: 10 }, "its data does not inflate"],
    ["shorter than told", { size: 9000 }, "it has 4100 bytes, not 9000"],
    ["of another stored size", { deflated: false, size: 9 }, "it has 4100"],
    ["past the directory", { packedSize: 5000 }, "goes past byte"],
    ["cut in its data", { packedSize: 20 }, "its data does not inflate"],
    ["not where told", { offset: 3 }, "there is no local header at byte 3"],
    ["past the end", { offset: 0xfffffff0 }, "there is no local header"],
  ];

for (const [what, entry, say] of WRONG_ENTRIES) {
  Deno.test(`ZipArchive.read() throws on an entry ${what}`, () => {
    const error = assertThrows(() => unpack(one(entry)), SyntaxError, say);
    const start = 'Cannot unpack "agency-1.csv" of "bets.zip": ';
    assertEquals(error.message.slice(0, start.length), start);
  });
}

Deno.test("ZipArchive throws on a wrong count of entries", () => {
  const entries = [{ name: "a", data: TEXT }];
  assertThrows(
    () => unpack(buildZip(entries, { count: 2 })),
    SyntaxError,
    "entry 2 of 2 is not in its directory",
  );
  assertThrows(
    () => unpack(buildZip(entries, { count: 0 })),
    SyntaxError,
    "its directory has 47 bytes after its last entry",
  );
});

Deno.test("ZipArchive throws on a zip64 archive", () => {
  assertThrows(
    () => unpack(buildZip([], { count: 0xffff })),
    SyntaxError,
    "it is zip64",
  );
});

Deno.test("ZipArchive throws on what is not an archive", () => {
  assertThrows(
    () => unpack(new TextEncoder().encode(TEXT)),
    SyntaxError,
    'Cannot read the archive "bets.zip": it is truncated, or not a ZIP archive',
  );
});
