import yaml from "js-yaml";

/** The part of js-yaml, which has no types of its own, that is used here. */
interface JsYaml {
  load(content: string, options: { schema: Schema }): unknown;
  DEFAULT_SCHEMA: Schema;
  Type: new (tag: string, options: TypeOptions) => object;
  YAMLException: new () => YamlException;
}
interface Schema {
  extend(types: { implicit: object[] }): Schema;
}
interface TypeOptions {
  kind: "scalar";
  resolve(text: string | null): boolean;
  construct(text: string): unknown;
}
interface YamlException extends Error {
  reason: string;
  /** The position, from 0; an error about the whole text has none. */
  mark?: { line: number; column: number };
}

const { load, DEFAULT_SCHEMA, Type, YAMLException }: JsYaml = yaml;

const INTEGER_REGEXP =
  /^(?<sign>[-+]?)(?<digits>0b[01_]+|0x[\da-fA-F_]+|\d[\d_]*)(?<!_)$/;

/**
 * Upstream's integers, those of YAML 1.1: digits may be grouped with "_" and a
 * leading 0 means octal, so that 08 is none and stays a string.
 */
const INTEGER = new Type("tag:yaml.org,2002:int", {
  kind: "scalar",
  resolve: (text) => text !== null && INTEGER_REGEXP.test(text),
  construct: toInteger,
});
const SCHEMA = DEFAULT_SCHEMA.extend({ implicit: [INTEGER] });

/**
 * Parses a YAML document with upstream's default schema. Yes, no, on and off are
 * strings; a date becomes a `Date`.
 *
 * @param content The text.
 * @returns The value of the document, `null` if it is empty.
 * @throws {SyntaxError} If the text is not one valid YAML document.
 *
 * @example
 * ```ts
 * import { parse } from "@std/yaml";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parse("agencies: [1, 2]"), { agencies: [1, 2] });
 * ```
 */
export function parse(content: string): unknown {
  try {
    return load(content, { schema: SCHEMA }) ?? null;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new SyntaxError(describe(error, content), { cause: error });
  }
}

function toInteger(text: string): number | string {
  const { sign, digits = "" } = INTEGER_REGEXP.exec(text)?.groups ?? {};
  // JavaScript's way to write an octal number.
  const plain = digits.replaceAll("_", "").replace(/^0(?=\d)/, "0o");
  const value = Number(plain);
  if (Number.isNaN(value)) return text;
  // Not -value, which would make -0 of 0.
  return sign === "-" ? 0 - value : value;
}

/** Says what is wrong and where, and shows the line. */
function describe({ reason, mark }: YamlException, content: string): string {
  if (mark === undefined) return reason;
  const { line, column } = mark;
  const source = content.split(/\r?\n|\r/)[line] ?? "";
  return `${reason} at line ${line + 1}, column ${column + 1}:
    ${source}
    ${" ".repeat(column)}^`;
}
