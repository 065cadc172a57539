import { assertEquals, assertStringIncludes } from "@std/assert";
import { crc32 } from "node:zlib";
import type { Bet } from "../../bet/bet.ts";
import protocolPage from "../../docs/protocol.md" with { type: "text" };
import storagePage from "../../docs/storage.md" with { type: "text" };
import { decodeBatch, HEADER_BYTES } from "../../protocol/mod.ts";
import { FileStore } from "../../storage/mod.ts";
import { appendTo, batchOf, GAP } from "../support/batches.ts";
import { testInFolder as test } from "../support/folder.ts";
import { hexExample } from "../support/hex_dump.ts";
import { fencedBlocks } from "../support/markdown.ts";

const BLOCKS = fencedBlocks(storagePage);
/** The batch of docs/protocol.md. */
const EXAMPLE = decodeBatch(
  hexExample(fencedBlocks(protocolPage), "hex BET").subarray(HEADER_BYTES),
);
const MARY: Bet = {
  firstName: 'María "Mary"',
  lastName: "Paz",
  document: "21689196",
  birthdate: "1984-05-31",
  number: "42",
};
const JUAN = { ...MARY, firstName: "Juan", document: "21689197", number: "7" };
const MARY_BATCH = batchOf([MARY, GAP, JUAN], 150, {
  agency: 12,
  fingerprint: "0f1e2d3c4b5a6978",
});

Deno.test("docs/storage.md says which bytes a CRC covers", () => {
  const store = BLOCKS.get("csv bets.csv")!;
  const [, crc, size] = /`([0-9a-f]{8})` covers the (\d+)\s+bytes/.exec(
    storagePage,
  )!;
  const colon = store.indexOf(":2:0:") + ":2:0:".length;
  const checked = new TextEncoder().encode(store.slice(0, colon));
  assertEquals(checked.length, Number(size));
  assertEquals(crc32(checked).toString(16).padStart(8, "0"), crc);
  assertStringIncludes(store, `:2:0:${crc}\n`);
});

test("docs/storage.md shows files that FileStore.open() reads and writes", async (dir) => {
  const bets = BLOCKS.get("csv bets.csv")!;
  const finished = BLOCKS.get("csv bets.csv.finished")!;
  const path = `${dir}/bets.csv`;
  const written = await FileStore.open(path);
  await appendTo(written, EXAMPLE);
  await appendTo(written, MARY_BATCH);
  await written.finish(3);
  await written.finish(12);
  await written.close();
  assertEquals(await Deno.readTextFile(path), bets);
  assertEquals(await Deno.readTextFile(`${path}.finished`), finished);

  const read = await FileStore.open(path);
  const { recovery } = read;
  const finishers = [...read.stats.finished];
  const winners = read.winners(3);
  await read.close();
  assertEquals([recovery.bets, recovery.batches], [4, 2]);
  assertEquals(recovery.discardedBytes, 0);
  assertEquals(finishers, [3, 12]);
  assertEquals(winners, ["00123456"]);
});
