import { assertEquals, assertThrows } from "@std/assert";
import { IndexSet } from "../../agency/index_set.ts";

const TEXTS = ["", "0", "7", "3,7-9", "0-1000", "63,64,511-513,100000"];

Deno.test("IndexSet formats and parses ranges", () => {
  for (const text of TEXTS) {
    assertEquals(IndexSet.parse(text).format(), text.replace("63,64", "63-64"));
  }
});

Deno.test("IndexSet counts each index once", () => {
  const set = new IndexSet();
  for (const index of [5, 600, 5, 4, 6]) set.add(index);
  assertEquals([set.size, set.format()], [4, "4-6,600"]);
  assertEquals([set.has(5), set.has(7), set.has(1_000_000)], [
    true,
    false,
    false,
  ]);
});

Deno.test("IndexSet.parse() rejects anything but ranges", () => {
  for (const text of ["x", "1,", ",1", "1-", "-1", "1 2", "1,,2", "1\n"]) {
    assertThrows(() => IndexSet.parse(text), SyntaxError, undefined, text);
  }
});
