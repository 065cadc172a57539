/**
 * Renews the table of settings in `docs/configuration.md`.
 *
 * @module
 */

import { configRows } from "../program/help.ts";

const PAGE = new URL("../docs/configuration.md", import.meta.url);
const TABLE_REGEXP = /^\| key [^]*?\n\n/m;
const HEAD = ["key", "variable", "flag", "default", "meaning"];

const rows = configRows().map(([key = "", variables = "", ...rest]) => [
  key.startsWith("(") ? key : `\`${key}\``,
  variables.replace(/[A-Z_]+/g, "`$&`"),
  ...rest.slice(0, 2).map((cell) => cell && `\`${cell}\``),
  ...rest.slice(2),
]);
const table = [HEAD, HEAD.map(() => "---"), ...rows]
  .map((cells) => `| ${cells.join(" | ")} |\n`).join("");
const page = await Deno.readTextFile(PAGE);
await Deno.writeTextFile(PAGE, page.replace(TABLE_REGEXP, `${table}\n`));
