const BYTE_ORDER_MARK = "\uFEFF";
const CRLF = "\r\n";

/** The key of a property, or the index of an element. */
export type PropertyAccessor = number | string;

/** A column with a name of its own. */
export interface ColumnDetails {
  /** The name; if it is left out, the last accessor of `prop`. */
  header?: string;
  /** Where a row has the column's value. */
  prop: PropertyAccessor | readonly PropertyAccessor[];
}

/** A column: where a row has its value and, with details, its name. */
export type Column =
  | ColumnDetails
  | PropertyAccessor
  | readonly PropertyAccessor[];

/** A row: its fields, or an object from which `columns` picks them. */
export type DataItem = Readonly<Record<string, unknown> | unknown[]>;

/** The options of {@linkcode stringify}. */
export interface StringifyOptions {
  /**
   * Whether the names of the columns are the first line; without `columns`
   * there are none.
   *
   * @default {true}
   */
  headers?: boolean;
  /**
   * What stands between two fields.
   *
   * @default {","}
   */
  separator?: string;
  /** The columns to write; if they are left out, all elements of each row. */
  columns?: readonly Column[];
  /**
   * Whether the text begins with a byte order mark.
   *
   * @default {false}
   */
  bom?: boolean;
}

/**
 * Writes rows as CSV text. A field is quoted if it contains the separator, a
 * quote or a newline; `null` and `undefined` are empty fields and an object is
 * written as JSON. Every line, the last one too, ends with `"\r\n"`.
 *
 * @param data The rows.
 * @param options What to write, and how.
 * @returns The text.
 * @throws {TypeError} If the separator contains a quote or `"\r\n"`, if a row
 * that is an object has no `columns`, or if a column's accessor into an array
 * is not a number.
 *
 * @example
 * ```ts
 * import { stringify } from "@std/csv";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(stringify([["Ana", 7], ["a,b", null]]), 'Ana,7\r\n"a,b",\r\n');
 * ```
 */
export function stringify(
  data: readonly DataItem[],
  options: StringifyOptions = {},
): string {
  const { headers = true, separator = ",", columns, bom = false } = options;
  if (separator.includes('"') || separator.includes(CRLF)) {
    throw new TypeError(
      `Cannot stringify data: the separator ${
        JSON.stringify(separator)
      } contains a quote or a newline`,
    );
  }
  const writeLine = (values: readonly unknown[]) =>
    values.map((value) => toField(value, separator)).join(separator) + CRLF;

  let text = bom ? BYTE_ORDER_MARK : "";
  if (headers && columns !== undefined) text += writeLine(columns.map(nameOf));
  for (const item of data) text += writeLine(valuesOf(item, columns));
  return text;
}

function toField(value: unknown, separator: string): string {
  const text = toText(value);
  return text.includes(separator) || text.includes('"') || text.includes("\n")
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}

function toText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function valuesOf(
  item: DataItem,
  columns: readonly Column[] | undefined,
): readonly unknown[] {
  if (columns !== undefined) {
    return columns.map((column) => pick(item, pathOf(column)));
  }
  if (Array.isArray(item)) return item;
  throw new TypeError("Cannot stringify an object: no columns are given");
}

/** Follows a path as far as there are objects. */
function pick(item: DataItem, path: readonly PropertyAccessor[]): unknown {
  let value: unknown = item;
  for (const accessor of path) {
    if (typeof value !== "object" || value === null) break;
    if (Array.isArray(value) && typeof accessor !== "number") {
      throw new TypeError('Property accessor is not of type "number"');
    }
    value = Reflect.get(value, accessor);
  }
  return value;
}

function pathOf(column: Column): readonly PropertyAccessor[] {
  if (typeof column !== "object") return [column];
  return "prop" in column ? pathOf(column.prop) : column;
}

function nameOf(column: Column): PropertyAccessor | undefined {
  const named = typeof column === "object" && "prop" in column;
  return (named ? column.header : undefined) ?? pathOf(column).at(-1);
}
