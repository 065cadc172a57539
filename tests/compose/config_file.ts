/**
 * The clone's config.yaml, which tests replace and restore.
 *
 * @module
 */

import { CLONE } from "./containers.ts";

const FILE = `${CLONE}/config.yaml`;
const ORIGINAL = await Deno.readTextFile(FILE);

/** Small batches, so that a run is long enough for a fault. */
export const SLOW_CONFIG = "batch:\n  maxAmount: 10\nlog:\n  level: DEBUG\n";

/**
 * Replaces the file.
 *
 * @param yaml Its new content.
 */
export async function writeConfig(yaml: string): Promise<void> {
  await Deno.writeTextFile(FILE, yaml);
}

/** Restores the file of the clone. */
export async function restoreConfig(): Promise<void> {
  await Deno.writeTextFile(FILE, ORIGINAL);
}
