// `deno task simulate:mutants`: shows that the simulation finds faults.
// Each patch of `mutants/` puts one fault into a copy of the project; the
// simulation has to find it within a minute.

import { writeLine } from "../../program/logging.ts";

const PROJECT = `${import.meta.dirname}/../..`;
const PATCHES = `${import.meta.dirname}/mutants`;
const TIME_LIMIT_MS = 60_000;
const FIRST_SEED = 1;
const RUNS = 3000;
/** Runs without a mutant: if one of them failed, every mutant would be found. */
const CONTROL_RUNS = 10;
/** What the simulation needs of the project. */
const PARTS = [
  ...["client.ts", "server.ts", "protocol.ts", "storage.ts"],
  ...["deno.json", "deno.lock"],
  ...["agency", "bet", "bytes", "central", "net", "program", "protocol"],
  ...["std", "storage", "tests", "tools"],
];

/** Whether and how a fault was found. */
interface Outcome {
  isFound: boolean;
  report: string;
}

const HELP = `Usage: deno task simulate:mutants [NAME ...]

Puts each fault of tests/simulation/mutants into a copy of the project and runs
the simulation, which has to find it. With names, tries only these.`;

const known = patchNames();
const unknown = Deno.args.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  const isHelp = unknown.includes("--help");
  print(isHelp ? HELP : `simulate:mutants: unknown mutant: ${unknown.join()}`);
  Deno.exit(isHelp ? 0 : 1);
}
const names = Deno.args.length > 0 ? Deno.args : known;
const control = await simulateCopy(undefined, CONTROL_RUNS);
if (control.isFound) {
  print(`simulate:mutants: without a mutant, ${control.report}`);
  Deno.exit(1);
}
let missed = 0;
for (const name of names) {
  const startedAtMs = performance.now();
  const { isFound, report } = await simulateCopy(name, RUNS);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  print(`${isFound ? "found " : "MISSED"} ${name} (${seconds} s): ${report}`);
  if (!isFound) missed++;
}
print(`${names.length - missed} of ${names.length} mutants found`);
Deno.exit(missed > 0 ? 1 : 0);

function patchNames(): string[] {
  return [...Deno.readDirSync(PATCHES)].map(({ name }) => name)
    .filter((name) => name.endsWith(".patch"))
    .map((name) => name.slice(0, -".patch".length)).sort();
}

async function simulateCopy(
  mutant: string | undefined,
  runs: number,
): Promise<Outcome> {
  const copy = await Deno.makeTempDir({ prefix: "loteria-mutant-" });
  try {
    await run("cp", ["-R", ...PARTS, copy], PROJECT);
    const patch = `${PATCHES}/${mutant}.patch`;
    if (mutant) await run("git", ["apply", patch], copy);
    return await simulate(copy, runs);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

async function simulate(copy: string, runs: number): Promise<Outcome> {
  const args = [
    ...["run", "--no-check", "--no-prompt"],
    ...["tests/simulation/main.ts", "--seed", String(FIRST_SEED)],
    ...["--runs", String(runs), "--no-shorten"],
  ];
  const { code, output } = await run(Deno.execPath(), args, copy);
  const report = /^seed \d+ fails: .*$/m.exec(output)?.[0];
  return {
    isFound: code === 1 && report !== undefined,
    report: report ?? output.trim().split("\n").at(-1) ?? "",
  };
}

/** Runs a program for a minute at most. Only a simulation may fail. */
async function run(
  program: string,
  args: string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  }).output();
  const output = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  if (code !== 0 && program !== Deno.execPath()) {
    throw new Error(`Cannot run ${program} ${args.join(" ")}: ${output}`);
  }
  return { code, output };
}

function print(line: string): void {
  writeLine(Deno.stdout, line);
}
