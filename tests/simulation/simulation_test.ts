import { assertEquals } from "@std/assert";
import { SEED } from "../support/random_bets.ts";
import { testWith } from "../support/permissions.ts";
import { PROJECT } from "../support/programs.ts";
import { runTool, testTools } from "../support/tool.ts";
import { simulateRuns } from "./runs.ts";

/** Many short runs find more than a few long ones. */
const DURATION_MS = 144_000;
const RUNS = 25;
Deno.test(`agencies and central keep every guarantee in a simulation of faults (seed ${SEED % 1e9})`, async () => {
  await assertKept({ seed: SEED % 1e9, runs: RUNS, durationMs: DURATION_MS });
});

Deno.test("the same seed makes the same simulation", async () => {
  const options = { seed: 7, runs: 3, durationMs: DURATION_MS };
  const first = await simulateRuns(options);
  const second = await simulateRuns(options);
  assertEquals(second.hash, first.hash);
  const other = await simulateRuns({ ...options, seed: 8 });
  assertEquals(other.hash === first.hash, false);
});

testWith(["run"], "an unknown flag is one line", async () => {
  const main = `${import.meta.dirname}/main.ts`;
  const args = ["run", "--no-prompt", main, "--nope"];
  assertEquals(await runTool(Deno.execPath(), args), {
    code: 1,
    output: "simulate: Unknown option '--nope' (see --help)\n",
  });
});

testTools(["git"], "every mutant can be made", async () => {
  const folder = `${import.meta.dirname}/mutants`;
  for await (const { name } of Deno.readDir(folder)) {
    const args = ["-C", PROJECT, "apply", "--check", `${folder}/${name}`];
    assertEquals(await runTool("git", args), { code: 0, output: "" }, name);
  }
});

async function assertKept(
  options: { seed: number; runs: number; durationMs: number },
): Promise<void> {
  const { failure } = await simulateRuns(options);
  if (!failure) return;
  const hours = options.durationMs / 3_600_000;
  throw new Error(
    `deno task simulate --seed ${failure.seed} --hours ${hours} --trace\n${
      failure.lastLines.join("\n")
    }`,
    { cause: failure.failure },
  );
}
