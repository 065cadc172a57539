// Checks whether a file's first rows have the five columns of a bet, and if
// not, describes them.

import { FIELD_KEYS } from "../../bet/bet.ts";
import { splitRow } from "./csv_row.ts";

const FIELD_COUNT = FIELD_KEYS.length;
const FIELDS = "first name, last name, document, birthdate, number";
const SEPARATORS: ReadonlyMap<string, string> = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
]);
const FOREIGN_SEPARATOR = "|";
/** `Fecha (dd/mm/aaaa)` or `N°`, but neither `#N/A` nor `n/d`. */
const HEADING_REGEXP = /^\p{L}[\p{L}\p{M} ._°º-]*(\([\p{L}\p{M} ./_-]*\))?$/u;
const MAX_HEADING_LENGTH = 64;
const NUMERALS = ["", "one", "two", "three", "four", "five", "six", "seven"];

interface Table {
  separator: string;
  rows: readonly (readonly string[])[];
}

/** Why no row can be sent, and what to do; `undefined` if some can. */
export function explainColumns(
  rows: readonly string[],
  separator: string,
): string | undefined {
  if (rows.length === 0) return undefined;
  const own = tableOf(rows, separator);
  if (isHalf(own, rowsWith(own, FIELD_COUNT))) return undefined;
  const foreign = [...SEPARATORS.keys(), FOREIGN_SEPARATOR]
    .filter((other) => other !== separator)
    .map((other) => tableOf(rows, other));
  const other = foreign.find((one) => isHalf(one, rowsWith(one, FIELD_COUNT)));
  if (other) return explainSeparator(other.separator);
  return rowsWith(own, FIELD_COUNT) > 0
    ? undefined
    : explainWidth([own, ...foreign]);
}

/**
 * The first row if it has names in place of document, birthdate and number, and
 * the second one has not. Whether that is a valid bet makes no difference: a
 * header is no bet that someone could correct.
 */
export function findHeader(
  rows: readonly string[],
  separator: string,
): string | undefined {
  const [first = [], second = []] = tableOf(rows.slice(0, 2), separator).rows;
  return isNamed(first) && !isNamed(second) ? rows[0] : undefined;
}

/**
 * A bet whose last cells have only words is taken for names, too. No columns
 * have the same name, unlike what a spreadsheet puts in place of values.
 */
function isNamed(row: readonly string[]): boolean {
  const names = row.map((name) => name.trim().toLowerCase());
  const [first = "", last = "", ...others] = names;
  return names.length === FIELD_COUNT &&
    // Most rows end at the document: the others' expressions compile slowly.
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

/** Returns no fields if the quotes are wrong. */
function fieldsOf(row: string, separator: string): readonly string[] {
  try {
    return splitRow(row, separator);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function rowsWith({ rows }: Table, fields: number): number {
  return rows.filter((row) => row.length === fields).length;
}

function isHalf({ rows }: Table, count: number): boolean {
  return count >= rows.length / 2;
}

function explainSeparator(separator: string): string {
  const name = SEPARATORS.get(separator);
  return name === undefined
    ? `its separator looks like \`${separator}\`; save it with commas or semicolons`
    : `its fields look separated by ${name}; set agency.separator (--separator) to ${
      JSON.stringify(separator)
    }`;
}

/** Describes the table in which most rows have the same number of fields. */
function explainWidth(tables: readonly Table[]): string {
  let found = { table: tables[0]!, width: 1, count: 0 };
  for (const table of tables) {
    for (const { length: width } of table.rows) {
      const count = rowsWith(table, width);
      if (width > 1 && count > found.count) found = { table, width, count };
    }
  }
  const { table, width } = found;
  const { separator } = table;
  const by = separator === tables[0]!.separator
    ? ""
    : ` separated by ${SEPARATORS.get(separator) ?? `\`${separator}\``}`;
  const what = `rows have ${plural(width, "field")}${by}`;
  const surplus = width - FIELD_COUNT;
  if (surplus > 0 && areLastEmpty(found.table, width)) {
    const columns = surplus === 1 ? "column" : "columns";
    const count = NUMERALS[surplus] ?? surplus;
    return `${what}, the last ${count} empty: delete the ${columns}`;
  }
  return `${what}, expected ${FIELD_COUNT}: ${FIELDS}`;
}

/** True if the rows of this width have nothing after the five fields. */
function areLastEmpty({ rows }: Table, width: number): boolean {
  return rows.filter((row) => row.length === width)
    .every((row) => row.slice(FIELD_COUNT).every((text) => text.trim() === ""));
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
