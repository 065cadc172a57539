import { assertEquals } from "@std/assert";
import page from "../../docs/library.md" with { type: "text" };
import {
  endingOf,
  PROJECT,
  testPrograms as test,
} from "../support/programs.ts";
import { fencedBlocks } from "../support/markdown.ts";

test("docs/library.md's program runs in another folder", async (dir) => {
  const blocks = fencedBlocks(page);
  const config = blocks.get("json deno.json")!;
  const parts = [...blocks].filter(([info]) => info.startsWith("ts "));
  const checkout = PROJECT.replace(/\/$/, "");
  await Deno.writeTextFile(
    `${dir}/deno.json`,
    config.replaceAll("../loteria", checkout),
  );
  await Deno.writeTextFile(
    `${dir}/main.ts`,
    parts.map(([, code]) => code).join(""),
  );
  const [command] = blocks.get("sh main.ts")!.split("\n");
  const [, run, ...args] = command!.split(" ");
  const ending = await endingOf(Deno.execPath(), {
    args: [run!, "--quiet", "--check", "--no-prompt", ...args],
    cwd: dir,
  });
  const stdout = blocks.get("text output")!;
  assertEquals(ending, { code: 0, stdout, stderr: "" });
  // The library writes only the files that the options name.
  const entries = await Array.fromAsync(Deno.readDir(dir));
  const kept = entries.map(({ name }) => name)
    .filter((name) => name.startsWith(".") || name.includes("rejected"));
  assertEquals(kept, []);
});
