import { type RecordFormat, RecordReader } from "./_record_reader.ts";

const BYTE_ORDER_MARK = "\uFEFF";
/** What neither a separator nor a comment can be. */
const INVALID_DELIMITERS: readonly string[] = ["", '"', "\r", "\n"];

/** The options of {@linkcode parse}. */
export interface ParseOptions {
  /**
   * What stands between two fields.
   *
   * @default {","}
   */
  separator?: string;
  /** What a line starts with that is a comment; none if it is left out. */
  comment?: string;
  /**
   * Whether to drop the white space before each field.
   *
   * @default {false}
   */
  trimLeadingSpace?: boolean;
  /**
   * Whether a quote may stand inside an unquoted field, and one that is not
   * doubled inside a quoted field.
   *
   * @default {false}
   */
  lazyQuotes?: boolean;
  /**
   * How many fields each record must have. 0 takes the number from the first
   * record; a negative number, or none, checks nothing.
   */
  fieldsPerRecord?: number;
  /**
   * Whether to leave out the first record, which names the columns unless
   * `columns` does.
   *
   * @default {false}
   */
  skipFirstRow?: boolean;
  /** The names of the columns. */
  columns?: readonly string[];
}

/**
 * A record by the names of its columns.
 *
 * @typeParam C The names, `string` if they are not known to the compiler.
 */
export type RecordWithColumn<C extends string> = string extends C
  ? Record<string, string | undefined>
  : Record<C, string>;

/**
 * What {@linkcode parse} returns: objects if the columns have names, else
 * arrays.
 *
 * @typeParam ParseOptions The options that may be given.
 * @typeParam T The options that are given.
 */
export type ParseResult<ParseOptions, T> = T extends
  ParseOptions & { columns: readonly (infer C extends string)[] }
  ? RecordWithColumn<C>[]
  : T extends ParseOptions & { skipFirstRow: true } ? RecordWithColumn<string>[]
  : T extends ParseOptions & { columns?: undefined; skipFirstRow?: false }
    ? string[][]
  : string[][] | RecordWithColumn<string>[];

/**
 * Parses a CSV text into arrays of fields. Empty lines are left out.
 *
 * @param input The text, with or without a byte order mark.
 * @returns The records.
 * @throws {SyntaxError} If a quote stands where it does not belong.
 *
 * @example
 * ```ts
 * import { parse } from "@std/csv";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parse('a,"b,c"\nd,e'), [["a", "b,c"], ["d", "e"]]);
 * ```
 */
export function parse(input: string): string[][];
/**
 * Parses a CSV text into arrays of fields, or into objects if the columns have
 * names.
 *
 * @typeParam T The options.
 * @param input The text, with or without a byte order mark.
 * @param options How the text is written, and what to make of it.
 * @returns The records.
 * @throws {SyntaxError} If a quote stands where it does not belong, or if a
 * record has not `fieldsPerRecord` fields.
 * @throws {Error} If a record has not a field for each name, or if the
 * separator or the comment is a quote or a newline or both are the same.
 * @throws {TypeError} If the names should be in the first record and there is
 * none.
 *
 * @example
 * ```ts
 * import { parse } from "@std/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const bets = parse("name;number\nAna;7", {
 *   separator: ";",
 *   skipFirstRow: true,
 * });
 * assertEquals(bets, [{ name: "Ana", number: "7" }]);
 * ```
 */
export function parse<const T extends ParseOptions>(
  input: string,
  options: T,
): ParseResult<ParseOptions, T>;
export function parse(
  input: string,
  options: ParseOptions = {},
): string[][] | Record<string, string>[] {
  const reader = new RecordReader(
    input.startsWith(BYTE_ORDER_MARK) ? input.slice(1) : input,
    recordFormat(options),
  );
  let fieldCount = options.fieldsPerRecord ?? -1;
  const readRecord = () => {
    const record = reader.read();
    if (record === undefined) return undefined;
    if (fieldCount === 0) fieldCount = record.length;
    if (fieldCount > 0 && record.length !== fieldCount) {
      throw new SyntaxError(
        `Syntax error on line ${reader.recordLine}: expected ${fieldCount} fields but got ${record.length}`,
      );
    }
    return record;
  };

  const firstRow = options.skipFirstRow ? readRecord() : undefined;
  const header = options.columns ?? firstRow;
  if (header !== undefined) {
    return collect(readRecord, (record) => named(header, record, reader));
  }
  if (options.skipFirstRow) {
    throw new TypeError("Cannot parse input: headers must be defined");
  }
  return collect(readRecord, (record) => record);
}

function recordFormat(options: ParseOptions): RecordFormat {
  const { separator = ",", comment } = options;
  if (
    INVALID_DELIMITERS.includes(separator) || separator === comment ||
    (comment !== undefined && INVALID_DELIMITERS.includes(comment))
  ) {
    throw new Error("Cannot parse input: invalid delimiter");
  }
  const { trimLeadingSpace = false, lazyQuotes = false } = options;
  return { separator, comment, trimLeadingSpace, lazyQuotes };
}

function named(
  header: readonly string[],
  record: readonly string[],
  { recordLine }: RecordReader,
): Record<string, string> {
  if (record.length !== header.length) {
    throw new Error(
      `Syntax error on line ${recordLine}: The record has ${record.length} fields, but the header has ${header.length} fields`,
    );
  }
  return Object.fromEntries(record.map((field, i) => [header[i], field]));
}

function collect<T>(
  readRecord: () => string[] | undefined,
  convert: (record: string[]) => T,
): T[] {
  const converted: T[] = [];
  for (let record = readRecord(); record; record = readRecord()) {
    converted.push(convert(record));
  }
  return converted;
}
