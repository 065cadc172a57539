/**
 * Reads and writes comma-separated values (RFC 4180): an API-compatible subset
 * of the upstream package of the same name.
 *
 * ```ts
 * import { parse, stringify } from "@std/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = [["Ana", "says \"hi\""], ["Ben", "1,5"]];
 * assertEquals(parse(stringify(rows)), rows);
 * ```
 *
 * @module
 */

export {
  parse,
  type ParseOptions,
  type ParseResult,
  type RecordWithColumn,
} from "./parse.ts";
export {
  type Column,
  type ColumnDetails,
  type DataItem,
  type PropertyAccessor,
  stringify,
  type StringifyOptions,
} from "./stringify.ts";
