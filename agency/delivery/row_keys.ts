// Keys of rows: a row is that bet, in whatever file, if its document and number
// are. A refused row without one of them is known by its other four fields.

import { splitRow } from "../source/csv_row.ts";

const SEPARATORS = [",", ";", "\t"];
const FIELD_COUNT = 5;
const DOCUMENT_REGEXP = /^\d{1,20}$/;
const DATE_REGEXP = /^\d{4}-\d\d-\d\d$/;
const NUMBER_REGEXP = /^\d{1,10}$/;
const MAX_NUMBER = 4294967295;

/** The fields of a row, "" for those that nobody can read. */
type Fields = [
  firstName: string,
  lastName: string,
  document: string,
  birthdate: string,
  number: string,
];

/** The key of a refused row; `undefined` if too little of it is readable. */
export function keyOf(row: Uint8Array): string | undefined {
  return keysOf(row)[0];
}

/** The key of a row, and those that it may have had before its correction. */
export function keysOf(row: Uint8Array): string[] {
  const fields = fieldsOf(row);
  if (!fields) return [];
  const [firstName, lastName, document, birthdate, number] = fields;
  const isPerson = firstName !== "" && lastName !== "" && birthdate !== "";
  const keys: Fields[] = [];
  if (document !== "" && number !== "") {
    keys.push(["", "", document, "", number]);
  }
  if (isPerson && document !== "") keys.push(fields.with(4, "") as Fields);
  if (isPerson && number !== "") keys.push(fields.with(2, "") as Fields);
  return keys.map((key) => key.join());
}

function fieldsOf(row: Uint8Array): Fields | undefined {
  const text = new TextDecoder().decode(row);
  for (const separator of SEPARATORS) {
    const fields = split(text, separator);
    if (fields.length !== FIELD_COUNT) continue;
    const [firstName, lastName, document, birthdate, number] = fields
      .map((field) => field.trim().toLowerCase()) as Fields;
    return [
      firstName,
      lastName,
      digits(document, DOCUMENT_REGEXP),
      DATE_REGEXP.test(birthdate) ? birthdate : "",
      Number(digits(number, NUMBER_REGEXP)) > MAX_NUMBER
        ? ""
        : digits(number, NUMBER_REGEXP),
    ];
  }
  return undefined;
}

function split(text: string, separator: string): readonly string[] {
  try {
    return splitRow(text, separator);
  } catch {
    return [];
  }
}

/** Dots and leading zeros come and go in spreadsheets. */
function digits(field: string, expected: RegExp): string {
  const text = field.replaceAll(/[\s.]/g, "");
  return expected.test(text) ? text.replace(/^0+(?=\d)/, "") : "";
}
