// Creates the store's files: readable by the owner, and by the folder's group
// if it may write to the folder, so that several users and containers can share
// a store. Nobody else may read bets.

import { dirname } from "node:path";

const OWNER_ONLY = 0o600;
const OWNER_AND_GROUP = 0o660;
const GROUP_WRITES = 0o020;

/** Creates a file for writing; fails if it exists. */
export async function createPrivateFile(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, {
    write: true,
    createNew: true,
    mode: OWNER_ONLY,
  });
  try {
    await shareWithGroup(path);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Gives the group the rights that it has on the folder. */
async function shareWithGroup(path: string): Promise<void> {
  const { mode } = await Deno.stat(dirname(path));
  // The mode is null on Windows, where rights are inherited from the folder.
  if (mode === null || (mode & GROUP_WRITES) === 0) return;
  await Deno.chmod(path, OWNER_AND_GROUP);
}
