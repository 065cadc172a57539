/**
 * Folders for the tests that write files.
 *
 * @module
 */

import { testWith } from "./permissions.ts";
import { buildZip, type BuiltEntry } from "./zip_builder.ts";

/**
 * Registers a test that gets an empty folder of its own, removed at its end.
 *
 * @param name Name of the test.
 * @param fn The test, given the path of the folder.
 * @param permissions What it needs beside reading and writing.
 */
export function testInFolder(
  name: string,
  fn: (dir: string) => Promise<void>,
  permissions: readonly Deno.PermissionName[] = [],
): void {
  testWith(["read", "write", ...permissions], name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await fn(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

/**
 * Writes an archive into a folder.
 *
 * @param dir The folder.
 * @param entries What is in the archive.
 * @param name Name of the archive. @default {"datasets.zip"}
 */
export async function putZip(
  dir: string,
  entries: readonly BuiltEntry[],
  name = "datasets.zip",
): Promise<void> {
  await Deno.writeFile(`${dir}/${name}`, buildZip(entries));
}

/**
 * Reads all the files of a folder but the archives.
 *
 * @param dir The folder.
 * @returns The text of each file, by its name.
 */
export async function contents(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(dir)) {
    if (!isFile || name.endsWith(".zip")) continue;
    found[name] = await Deno.readTextFile(`${dir}/${name}`);
  }
  return found;
}
