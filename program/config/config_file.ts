// Parses `config.yaml`. The usual file, which has only sections of plain values,
// needs no YAML parser: loading one takes 7 % of the CPU of an agency with one
// bet.

import { messageOf, ProgramError } from "../errors.ts";

type Scalar = string | number | boolean;

const BLANK_REGEXP = /^\s*(?:#.*)?$/;
const SECTION_REGEXP = /^([A-Za-z]+):$/;
const VALUE_REGEXP = /^ {2}([A-Za-z]+): (\S.*)$/;
/** At most 15 digits, so that the number is exact; a leading 0 means octal. */
const INTEGER_REGEXP = /^(?:0|[1-9]\d{0,14})$/;
/** Without escapes. */
const QUOTED_REGEXP = /^"([^"\\]*)"$/;
/** A name, a path or an address; a duration. Neither can be anything but text. */
const TEXT_REGEXP =
  /^(?:(?:\.?[A-Za-z/]|\d+\.\d+\.\d)[\w./:{}-]*\w|\d+(?:ms|s|m|h))$/;
const NO_TEXT_REGEXP = /^(?:true|false|null|\.inf|\.nan)$/i;

/**
 * Parses the text of a configuration file.
 *
 * @throws {ProgramError} If it is not YAML. The message names the file.
 */
export async function parseConfigFile(
  text: string,
  file: string,
): Promise<unknown> {
  const plain = parsePlainSections(text);
  if (plain) return plain;
  const { parse } = await import("@std/yaml");
  try {
    return parse(text);
  } catch (cause) {
    // A copy of the place follows, in several lines.
    const [problem] = messageOf(cause).split(":\n");
    throw new ProgramError(`Cannot read "${file}": ${problem}`, { cause });
  }
}

/** Returns `undefined` for whatever a YAML parser might read differently. */
export function parsePlainSections(
  text: string,
): Record<string, Record<string, Scalar>> | undefined {
  const sections: Record<string, Record<string, Scalar>> = {};
  let section: Record<string, Scalar> | undefined;
  for (const line of text.split("\n")) {
    if (BLANK_REGEXP.test(line)) continue;
    const [, title] = SECTION_REGEXP.exec(line) ?? [];
    const [, key, scalar] = VALUE_REGEXP.exec(line) ?? [];
    if (title !== undefined && !(title in sections)) {
      section = sections[title] = {};
      continue;
    }
    const value = scalar && parseScalar(scalar);
    if (!section || key === undefined || key in section) return undefined;
    if (value === undefined) return undefined;
    section[key] = value;
  }
  // YAML reads a section without keys as null.
  const isEmpty = (values: object) => Object.keys(values).length === 0;
  return Object.values(sections).some(isEmpty) ? undefined : sections;
}

function parseScalar(text: string): Scalar | undefined {
  const quoted = QUOTED_REGEXP.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  if (text === "true" || text === "false") return text === "true";
  if (INTEGER_REGEXP.test(text)) return Number(text);
  const isText = TEXT_REGEXP.test(text) && !NO_TEXT_REGEXP.test(text);
  return isText ? text : undefined;
}
