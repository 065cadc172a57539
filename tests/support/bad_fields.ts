import type { Bet } from "../../bet/bet.ts";

const NAME_RULE = "is not 1 to 255 bytes of UTF-8 without invisible characters";
export const DOCUMENT_RULE = "is not 1 to 20 digits";
const BIRTHDATE_RULE = "is not a day that exists, as YYYY-MM-DD";
const NUMBER_RULE = "is not 1 to 10 digits, at most 4294967295";

/** Texts that break each rule of docs/protocol.md, field by field. */
export const BAD_FIELDS: readonly [
  key: keyof Bet,
  rule: string,
  texts: string[],
][] = [
  ["firstName", NAME_RULE, ["a\0", "\x1fa", "a\nb", "\r", "\t", "a\x7f"]],
  ["lastName", NAME_RULE, ["a\x80", "\x85", "ñ\x9fñ", "\u2028", "José\u2029"]],
  ["firstName", NAME_RULE, ["\ufeffAna", "Ana\ufeff", "日\ufeff本"]],
  ["firstName", NAME_RULE, ["Ana\u200b", "\u200b", "\u2060", "\u2066a\u2069"]],
  ["lastName", NAME_RULE, ["\u202aGil\u202c", "\u200eGil", "\u200f", "\u061c"]],
  ["lastName", NAME_RULE, ["\0", "Gil\x1f", "a\nb", "a\rb", "\x7f", "\x01"]],
  ["document", DOCUMENT_RULE, ["1".repeat(21), "30.904.465", "-1", "1 "]],
  ["document", DOCUMENT_RULE, [" 1", "1/", "1:", "٣", "１", "1\0", "0x1f"]],
  ["birthdate", BIRTHDATE_RULE, ["1900-02-29", "2023-02-29", "2100-02-29"]],
  ["birthdate", BIRTHDATE_RULE, ["2024-02-30", "2000-02-30", "2024-04-31"]],
  ["birthdate", BIRTHDATE_RULE, ["2024-06-31", "2024-09-31", "2024-11-31"]],
  ["birthdate", BIRTHDATE_RULE, ["2024-01-32", "2024-12-32", "2024-01-00"]],
  ["birthdate", BIRTHDATE_RULE, ["0000-01-01", "2024-00-01", "2024-13-01"]],
  ["birthdate", BIRTHDATE_RULE, ["1999-3-17", "1999-03-7", "99-03-17"]],
  ["birthdate", BIRTHDATE_RULE, ["1999/03-17", "1999-03/17", "1999-03-17 "]],
  ["birthdate", BIRTHDATE_RULE, ["12024-01-01", "-999-01-01", "199a-01-01"]],
  ["birthdate", BIRTHDATE_RULE, ["1999-0a-17", "1999-03-1a", "1999-03-1"]],
  ["number", NUMBER_RULE, ["4294967296", "9999999999", "00000000001"]],
  ["number", NUMBER_RULE, ["-1", "+1", "1.5", "1e3", " 1", "٣", "75 74"]],
  ["firstName", "is empty", [""]],
  ["lastName", "is empty", [""]],
  ["document", "is empty", [""]],
  ["birthdate", "is empty", [""]],
  ["number", "is empty", [""]],
  ["firstName", "has only spaces", [
    " ",
    "\u00a0",
    " \u3000 ",
    "\u200d",
    "\u2003",
  ]],
  ["document", "has only spaces", [" ", "\u00a0"]],
  ["birthdate", "has only spaces", ["          "]],
];
