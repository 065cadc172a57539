// Runs all checks at once, even if one fails, and says how to fix what failed.

import { writeText } from "../program/logging.ts";

const REMEDIES: Readonly<Record<string, string>> = {
  "check:format": "run `deno fmt`",
  "check:lint": "follow the hints above",
  "check:types": "follow the errors above",
  "check:docs": "document what the four modules and std/ export",
};

const failed = (await Promise.all(Object.keys(REMEDIES).map(check)))
  .filter((task) => task !== undefined);
for (const task of failed) {
  writeText(Deno.stderr, `${task} failed: ${REMEDIES[task]}\n`);
}
Deno.exit(failed.length > 0 ? 1 : 0);

/** Prints the output of a failed check, and returns the check's name. */
async function check(task: string): Promise<string | undefined> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", task],
  }).output();
  if (success) return undefined;
  for (const output of [stdout, stderr]) Deno.stderr.writeSync(output);
  return task;
}
