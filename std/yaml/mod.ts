/**
 * The part of `@std/yaml` that this project uses: `parse()` without options, on
 * js-yaml, which upstream is a port of. Differences: errors are plain
 * SyntaxErrors with js-yaml's words before the position, and
 * the place that they name is another for a NUL; "_" in the digits of a float (1_0.5) makes it a string,
 * and so do other rare forms of numbers (08.5, 1e999, `!!int 09`); `[a,,b]` and
 * `a: ?` are parsed as js-yaml does.
 *
 * @module
 */

export { parse } from "./parse.ts";
