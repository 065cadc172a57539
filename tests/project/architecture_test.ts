import { assert, assertStringIncludes } from "@std/assert";
import { testWith } from "../support/permissions.ts";
import page from "../../docs/architecture.md" with { type: "text" };

const PROJECT = new URL("../../", import.meta.url);
/** A row of the way of a batch: a file, and functions or classes in it. */
const STEP_REGEXP = /^\| `([a-z_/]+\.ts)` +\| (`.*`) +\|/gm;

testWith(
  ["read"],
  "docs/architecture.md shows the way of a batch as it is",
  async () => {
    const steps = [...page.matchAll(STEP_REGEXP)];
    assert(steps.length > 10);
    for (const [, path, names] of steps) {
      const source = await Deno.readTextFile(new URL(path!, PROJECT));
      for (const [, name] of names!.matchAll(/`([^`]+?)(?:\(\))?`/g)) {
        const isFunction = names!.includes(`${name}()`);
        const found = isFunction ? `${name}(` : `class ${name} `;
        assertStringIncludes(source, found, `${path} has ${name}`);
      }
    }
  },
);
