import { assertEquals, assertStringIncludes } from "@std/assert";
import { answer, play, serve } from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { testSending } from "../support/sending.ts";

const HEADER = "Nombre,Apellido,DNI,Nacimiento,Número\r\n";
/** Refuses the first bet. */
const refuse = play(answer(errorFrame(Code.INVALID_BET, 0, "no")), serve);

testSending("send() skips a header, and logs it", {
  csv: `${HEADER}${csvOf(rows(3))}`,
  scripts: [serve],
}, {
  stored: 3,
  frames: ["1+3", "FINISH"],
  check({ summary, log }) {
    assertEquals(summary?.records, 3);
    const [line, ...more] = log.linesWith("skip_header");
    assertStringIncludes(
      line!,
      " | row: Nombre,Apellido,DNI,Nacimiento,Número",
    );
    assertEquals(more, []);
  },
});

testSending("send() reads other separators", {
  csv: `${HEADER}${csvOf(rows(3))}`.replaceAll(",", ";"),
  separator: ";",
  scripts: [serve],
}, { stored: 3, frames: ["1+3", "FINISH"] });

testSending("send() warns of a last row without a line end", {
  csv: csvOf(rows(3)).trimEnd(),
  scripts: [serve],
}, {
  stored: 3,
  check: ({ log }) => assertEquals(log.linesWith("it may be cut").length, 1),
});

const BAD_DATES = csvOf(rows(2).map((row) => row.with(3, "17/03/1999")));

testSending("send() hints at how to correct a bet that breaks a rule", {
  csv: BAD_DATES + csvOf(rows(2, 3)),
  scripts: [refuse],
}, {
  rejected: BAD_DATES,
  check({ log }) {
    const hints = log.linesWith(" | hint: write it 1999-03-17 | row: ");
    assertEquals(hints.length, 2, log.lines.join("\n"));
  },
});

testSending("send() logs refused rows in the file's order", {
  csv: `one\r\n${BAD_DATES}four\r\n${csvOf(rows(1))}six\r\n`,
  scripts: [refuse],
}, {
  rejected: `one\r\n${BAD_DATES}four\r\nsix\r\n`,
  check: ({ log }) =>
    assertEquals(log.values(/ line: (\d+) /), ["1", "2", "3", "4", "6"]),
});
