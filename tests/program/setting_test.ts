import { assertEquals } from "@std/assert";
import { DURATION } from "../../program/config/setting.ts";

const DURATIONS: Record<string, number> = {
  "1ms": 1,
  "250ms": 250,
  "5s": 5000,
  "1.5s": 1500,
  "0.25s": 250,
  "1m": 60_000,
  "1m30s": 90_000,
  "2h": 7_200_000,
  "1h2m3s4ms": 3_723_004,
  "1s1s": 2000,
  "90s": 90_000,
  "2147483647ms": 2147483647,
};

const NO_DURATIONS = [
  ...["", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "5S", "5sec", "1d"],
  ...["1.s", ".5s", "1,5s", "1e3s", "5s,", "s5", "0s", "0ms", "0h0s", "NaNs"],
  ...["2147483648ms", "597h", "99999999999999999h", "5s\n", "٥s"],
];

Deno.test("DURATION.parse() reads Go's notation", () => {
  for (const [text, milliseconds] of Object.entries(DURATIONS)) {
    assertEquals(DURATION.parse(text), milliseconds, text);
  }
});

Deno.test("DURATION.parse() accepts nothing else, and no infinite time", () => {
  for (const text of NO_DURATIONS) {
    assertEquals(DURATION.parse(text), undefined, JSON.stringify(text));
  }
});
