import { assertEquals } from "@std/assert";
import { reasonOf } from "../../program/errors.ts";

const REASONS: [error: unknown, reason: string][] = [
  [
    new Deno.errors.NotFound(
      "No such file or directory (os error 2): open 'a.csv.x.part'",
    ),
    "No such file or directory (os error 2)",
  ],
  [
    new Deno.errors.NotADirectory(
      "Not a directory (os error 20): rename 'a: b' -> 'c\nd'",
    ),
    "Not a directory (os error 20)",
  ],
  [
    new Error("Connection refused (os error 111)"),
    "Connection refused (os error 111)",
  ],
  [
    new Deno.errors.NotCapable(
      'Requires all access to "/dev/x", run again with the --allow-all flag',
    ),
    "it belongs to the system, expected another file",
  ],
  [
    new Deno.errors.NotCapable(
      'Requires read access to "a", run again with the --allow-read flag',
    ),
    'Requires read access to "a", run again with the --allow-read flag',
  ],
  ["text", "text"],
];

Deno.test("reasonOf() leaves out what the runtime adds", () => {
  for (const [error, reason] of REASONS) {
    assertEquals(reasonOf(error), reason);
  }
});
