// Checks whether a file's first rows have the five columns of a bet, and if
// not, describes them.

import { FIELD_KEYS } from "../../bet/bet.ts";
import { fieldsOf } from "./csv_row.ts";

const FIELD_COUNT = FIELD_KEYS.length;
const FIELDS = "first name, last name, document, birthdate, number";
const FOREIGN_SEPARATOR = "|";
const SEPARATORS: ReadonlyMap<string, string> = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
  [FOREIGN_SEPARATOR, `\`${FOREIGN_SEPARATOR}\``],
]);
/** Matches `Fecha (dd/mm/aaaa)` and `N°`, but not `#N/A` or `n/d`. */
const HEADING_REGEXP = /^\p{L}[\p{L}\p{M} ._°º-]*(\([\p{L}\p{M} ./_-]*\))?$/u;
const MAX_HEADING_LENGTH = 64;
const NUMERALS = ["", "one", "two", "three", "four", "five", "six", "seven"];

interface Table {
  separator: string;
  rows: readonly (readonly string[])[];
}

/** Explains why no row can be sent, and what to do; `undefined` if some can. */
export function explainColumns(
  rows: readonly string[],
  separator: string,
): string | undefined {
  if (rows.length === 0) return undefined;
  const own = tableOf(rows, separator);
  if (isHalf(own)) return undefined;
  const foreign = [...SEPARATORS.keys()].filter((other) => other !== separator)
    .map((other) => tableOf(rows, other));
  const other = foreign.find(isHalf);
  if (other) return explainSeparator(other.separator);
  return wholeRows(own) > 0 ? undefined : explainWidth([own, ...foreign]);
}

/**
 * Returns the first row if it is a header: it has names in place of document,
 * birthdate and number, and the second row does not. It is skipped even if it
 * breaks the rules for bets, because there is nothing to correct in a header.
 */
export function findHeader(
  rows: readonly string[],
  separator: string,
): string | undefined {
  const [first = [], second = []] = tableOf(rows.slice(0, 2), separator).rows;
  return isNamed(first) && !isNamed(second) ? rows[0] : undefined;
}

/**
 * True if the cells may be column names. A bet that has only words in its last
 * cells passes, too. Column names differ from each other, unlike the error
 * values of a spreadsheet.
 */
function isNamed(row: readonly string[]): boolean {
  const names = row.map((name) => name.trim().toLowerCase());
  const [first = "", last = "", ...others] = names;
  return names.length === FIELD_COUNT &&
    // The digit check comes first: it rejects most rows, and the other
    // expressions compile slowly.
    others.every((name) => !/[0-9]/.test(name) && isHeading(name)) &&
    /^\p{L}/u.test(first) && /^\p{L}/u.test(last) &&
    new Set(names).size === FIELD_COUNT;
}

function isHeading(name: string): boolean {
  return name.length <= MAX_HEADING_LENGTH && HEADING_REGEXP.test(name);
}

function tableOf(rows: readonly string[], separator: string): Table {
  return { separator, rows: rows.map((row) => fieldsOf(row, separator)) };
}

function wholeRows({ rows }: Table): number {
  return rows.filter((row) => row.length === FIELD_COUNT).length;
}

function isHalf(table: Table): boolean {
  return wholeRows(table) >= table.rows.length / 2;
}

function explainSeparator(separator: string): string {
  const name = SEPARATORS.get(separator);
  return separator === FOREIGN_SEPARATOR
    ? `its separator looks like ${name}; save it with commas or semicolons`
    : `its fields look separated by ${name}; set agency.separator (--separator) to ${
      JSON.stringify(separator)
    }`;
}

/** Describes the table in which most rows have the same number of fields. */
function explainWidth(tables: readonly Table[]): string {
  let found = { table: tables[0]!, width: 1, rows: [] as Table["rows"] };
  for (const table of tables) {
    for (const [width, rows] of Map.groupBy(table.rows, (row) => row.length)) {
      if (width > 1 && rows.length > found.rows.length) {
        found = { table, width, rows };
      }
    }
  }
  const { table, width, rows } = found;
  const by = table === tables[0]
    ? ""
    : ` separated by ${SEPARATORS.get(table.separator)}`;
  const what = `rows have ${plural(width, "field")}${by}`;
  const surplus = width - FIELD_COUNT;
  const areLastEmpty = rows.every((row) =>
    row.slice(FIELD_COUNT).every((text) => text.trim() === "")
  );
  if (surplus > 0 && areLastEmpty) {
    const columns = surplus === 1 ? "column" : "columns";
    const count = NUMERALS[surplus] ?? surplus;
    return `${what}, the last ${count} empty: delete the ${columns}`;
  }
  return `${what}, expected ${FIELD_COUNT}: ${FIELDS}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
