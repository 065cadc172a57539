import { assertEquals, assertStringIncludes } from "@std/assert";
import { play, serve, take } from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { testSending } from "../support/sending.ts";

const HEADER = "Nombre,Apellido,DNI,Nacimiento,Número\r\n";

testSending("send() skips a header, and logs it", {
  csv: `${HEADER}${csvOf(rows(3))}`,
  scripts: [serve],
}, ({ stored, summary, rejected, log, central }) => {
  assertEquals([stored, summary?.records, rejected], [3, 3, ""]);
  assertEquals(central.names, ["1+3", "FINISH"]);
  const [line, ...more] = log.linesWith("skip_header");
  assertStringIncludes(line!, " | row: Nombre,Apellido,DNI,Nacimiento,Número");
  assertEquals(more, []);
});

testSending("send() reads other separators", {
  csv: `${HEADER}${csvOf(rows(3))}`.replaceAll(",", ";"),
  separator: ";",
  scripts: [serve],
}, ({ stored, rejected, central }) => {
  assertEquals([stored, rejected], [3, ""]);
  assertEquals(central.names, ["1+3", "FINISH"]);
});

testSending("send() warns of a last row without a line end", {
  csv: csvOf(rows(3)).trimEnd(),
  scripts: [serve],
}, ({ stored, log }) => {
  assertEquals(stored, 3);
  assertEquals(log.linesWith("it may be cut").length, 1);
});

testSending("send() hints at how to correct a bet that breaks a rule", {
  csv: csvOf(rows(4).map((row, i) => i < 2 ? row.with(3, "17/03/1999") : row)),
  scripts: [play(take(), errorFrame(Code.INVALID_BET, 0, "no"), serve)],
}, ({ log }) => {
  const hints = log.linesWith(" | hint: write it 1999-03-17 | row: ");
  assertEquals(hints.length, 2, log.lines.join("\n"));
});

const TWO_BAD = rows(2).map((row) => row.with(2, "x"));

testSending("send() logs refused rows in the file's order", {
  csv: ["one", csvOf(TWO_BAD), "four", csvOf(rows(1)), "six"]
    .map((text) => text.includes(",") ? text : `${text}\r\n`).join(""),
  scripts: [play(take(), errorFrame(Code.INVALID_BET, 0, "no"), serve)],
}, ({ log }) => {
  assertEquals(log.values(/ line: (\d+) /), ["1", "2", "3", "4", "6"]);
});
