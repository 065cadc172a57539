// How to correct a bet that breaks a rule. Unlike the rules' reasons, the
// advice quotes the value, so only the agency, whose data it is, may log it.

import { type Bet, packBets, packedBetEnd, unpackBets } from "./bet.ts";
import { findInvalidField } from "./rules.ts";

/** Values that may have been meant, the likeliest first. */
type Corrections = (text: string) => readonly string[];

const CORRECTIONS: Partial<Record<keyof Bet, Corrections>> = {
  document: correctDigits,
  birthdate: correctDay,
  number: correctDigits,
};

/** Such as 17/03/1999, perhaps with a time after it. */
const DAY_FIRST_REGEXP = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[ T].*)?$/;
/** Such as 1999/3/17 or 19990317. */
const YEAR_FIRST_REGEXP =
  /^(?:(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[ T].*)?|(\d{4})(\d\d)(\d\d))$/;
/** Days since 1899-12-30, as spreadsheets count them, from 1927 to 2173. */
const SERIAL_REGEXP = /^\d{5}$/;
const FIRST_SERIAL_MS = Date.UTC(1899, 11, 30);
const DAY_MS = 86_400_000;
/** Such as 30.904.465. */
const GROUPED_REGEXP = /^\d{1,3}(?:[., ]\d{3})+$/;
/** Such as 30904465,00. */
const DECIMAL_REGEXP = /^(\d+)[.,]0+$/;

/**
 * Suggests a correction of the first invalid field, such as "write it
 * 1999-03-17", if its value shows what was meant.
 */
export function adviceFor(
  packed: Uint8Array,
  start: number,
): string | undefined {
  const key = findInvalidField(packed, start);
  if (key === undefined) return undefined;
  const end = packedBetEnd(packed, start);
  const [bet] = unpackBets(packed.subarray(start, end)) as [Bet];
  const corrections = CORRECTIONS[key]?.(bet[key].trim()) ?? [];
  const valid = corrections.find((text) =>
    findInvalidField(packBets([{ ...bet, [key]: text }]), 0) !== key
  );
  return valid && `write it ${valid}`;
}

/** In Argentina the day comes first. */
function correctDay(text: string): string[] {
  const dayFirst = DAY_FIRST_REGEXP.exec(text);
  if (dayFirst) {
    const [, day, month, year] = dayFirst;
    return [isoDay(year, month, day), isoDay(year, day, month)];
  }
  if (SERIAL_REGEXP.test(text)) {
    const day = new Date(FIRST_SERIAL_MS + Number(text) * DAY_MS);
    return [day.toISOString().slice(0, "YYYY-MM-DD".length)];
  }
  const yearFirst = YEAR_FIRST_REGEXP.exec(text);
  if (!yearFirst) return [];
  const [, year, month, day, ...digits] = yearFirst;
  return [year === undefined ? digits.join("-") : isoDay(year, month, day)];
}

function isoDay(...parts: (string | undefined)[]): string {
  return parts.map((part = "") => part.padStart(2, "0")).join("-");
}

function correctDigits(text: string): string[] {
  if (GROUPED_REGEXP.test(text)) return [text.replaceAll(/\D/g, "")];
  return [text.replace(DECIMAL_REGEXP, "$1")];
}
