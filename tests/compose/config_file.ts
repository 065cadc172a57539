/** The clone's config.yaml, which tests replace and restore. */

import { CLONE } from "./containers.ts";

const FILE = `${CLONE}/config.yaml`;
const ORIGINAL = await Deno.readTextFile(FILE);

/**
 * Makes a configuration of small batches, so that a run is long enough for a
 * fault: with one bet in each, an engine has time for tens of commands.
 */
export function slowConfig(maxAmount: number): string {
  return `batch:\n  maxAmount: ${maxAmount}\nlog:\n  level: DEBUG\n`;
}

/** Replaces the file. */
export async function writeConfig(yaml: string): Promise<void> {
  await Deno.writeTextFile(FILE, yaml);
}

/** Restores the file of the clone. */
export async function restoreConfig(): Promise<void> {
  await Deno.writeTextFile(FILE, ORIGINAL);
}
