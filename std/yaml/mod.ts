/**
 * Reads YAML: an API-compatible subset of the upstream package of the same
 * name, on js-yaml, which upstream is a port of.
 *
 * ```ts
 * import { parse } from "@std/yaml";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parse("port: 12345"), { port: 12345 });
 * ```
 *
 * @module
 */

export { parse } from "./parse.ts";
