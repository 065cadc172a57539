// Folders for the tests that write files.

import { testWith } from "./permissions.ts";
import { buildZip, type BuiltEntry } from "./zip_builder.ts";

/**
 * Registers a test that gets an empty folder of its own, removed at its end.
 */
export function testInFolder(
  name: string,
  fn: (dir: string) => Promise<void>,
  permissions: readonly Deno.PermissionName[] = [],
): void {
  testWith(["read", "write", ...permissions], name, async () => {
    const dir = await Deno.makeTempDir();
    await using _folder = {
      [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
    };
    await fn(dir);
  });
}

/** Writes an archive into a folder. */
export async function putZip(
  dir: string,
  entries: readonly BuiltEntry[],
  name = "datasets.zip",
): Promise<void> {
  await Deno.writeFile(`${dir}/${name}`, buildZip(entries));
}

/** Reads all the files of a folder but the archives. */
export async function contents(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(dir)) {
    if (!isFile || name.endsWith(".zip")) continue;
    found[name] = await Deno.readTextFile(`${dir}/${name}`);
  }
  return found;
}
