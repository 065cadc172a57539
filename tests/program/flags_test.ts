import { assertEquals, assertThrows } from "@std/assert";
import { ProgramError } from "../../program/errors.ts";
import { type Flag, parseArguments } from "../../program/flags.ts";

const FLAGS: readonly Flag[] = [
  { name: "id", value: "ID" },
  { name: "check", excludes: ["as-new", "draw-await"] },
  { name: "as-new" },
  { name: "draw-await", isBoolean: true },
  { name: "help" },
  { name: "port", value: "PORT", owner: "server", counterpart: "--server" },
  { name: "fsync", isBoolean: true, owner: "server" },
];

Deno.test("parseArguments() reads flags, switches and operands in any order", () => {
  for (
    const [args, flags, operands] of [
      ["", {}, ""],
      ["--id 5", { id: "5" }, ""],
      ["--id=5 a.csv", { id: "5" }, "a.csv"],
      ["a.csv --check --id 5 b.csv", { id: "5", check: "true" }, "a.csv b.csv"],
      ["--id -5", { id: "-5" }, ""],
      ["--as-new --draw-await", { "as-new": "true", "draw-await": "true" }, ""],
      ["--id=a=b", { id: "a=b" }, ""],
      ["--id=", { id: "" }, ""],
      ["--id=-5", { id: "-5" }, ""],
      ["--id - -", { id: "-" }, "-"],
      ["--draw-await x", { "draw-await": "true" }, "x"],
      ["--draw-await=false", { "draw-await": "false" }, ""],
      ["-h", { help: "true" }, ""],
      ["--check -- --id -h", { check: "true" }, "--id -h"],
    ] as const
  ) {
    assertEquals(parse(args), {
      flags,
      operands: operands.split(" ").filter(Boolean),
    });
  }
});

Deno.test("parseArguments() refuses what it cannot use", () => {
  for (
    const [args, message] of [
      ["--idd 5", "Cannot use --idd: unknown flag (see --help)"],
      ["-x", "Cannot use -x: unknown flag (see --help)"],
      ["-id 5", "Cannot use -id: unknown flag (see --help)"],
      ["--__proto__=5", "Cannot use --__proto__=5: unknown flag (see --help)"],
      ["--id", "Cannot use --id: expected --id ID (see --help)"],
      ["--id --check", "Cannot use --id: expected --id ID (see --help)"],
      ["--id 5 --id=6", "Cannot use --id: given twice (see --help)"],
      ["--help -h", "Cannot use --help: given twice (see --help)"],
      [
        "--as-new a.csv --check",
        "Cannot use --check: not together with --as-new (see --help)",
      ],
      [
        "--check --draw-await -- x",
        "Cannot use --check: not together with --draw-await (see --help)",
      ],
      [
        "--port 5",
        "Cannot use --port: it is a flag of the server; use --server here (see --help)",
      ],
      [
        "--fsync=false",
        "Cannot use --fsync: it is a flag of the server (see --help)",
      ],
      ["--check=true", "Cannot use --check: it takes no value (see --help)"],
    ] as const
  ) {
    const { message: found } = assertThrows(() => parse(args), ProgramError);
    assertEquals(found, message);
  }
});

function parse(args: string) {
  return parseArguments(args.split(" ").filter(Boolean), FLAGS);
}
