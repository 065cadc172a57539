// Files that are reloaded while the central runs.

import { messageOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";

const WATCH_PERIOD_MS = 500;

/**
 * Loads files, and loads them again when they change, until disposed of. If a
 * later load fails, the previous content stays in use. `action` names the event
 * in the log. Throws what `load` throws the first time.
 */
export async function watchFiles(
  paths: readonly string[],
  action: string,
  load: () => Promise<void>,
): Promise<Disposable> {
  let loaded = await versionOf(paths);
  await load();
  let lastSeen = loaded;
  let lastProblem = "";
  let isChecking = false;

  /**
   * Reloads changed files once two checks in a row see the same version: while
   * they are written, they may be incomplete.
   */
  async function reload(): Promise<void> {
    const version = await versionOf(paths);
    const isStable = version === lastSeen;
    lastSeen = version;
    if (!isStable) return;
    if (version !== loaded) await load();
    loaded = version;
    lastProblem = "";
  }

  async function check(): Promise<void> {
    if (isChecking) return;
    isChecking = true;
    try {
      await reload();
    } catch (error) {
      const problem = messageOf(error);
      // Logged once, although every check finds it again.
      if (problem !== lastProblem) logProblem(action, problem);
      lastProblem = problem;
    } finally {
      isChecking = false;
    }
  }

  const timer = setInterval(check, WATCH_PERIOD_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function logProblem(action: string, problem: string): void {
  getLogger().error(formatAction(action, "fail", {
    reason: `${problem}; keeping the previous ones`,
  }));
}

/** Changes whenever one of the files does. */
async function versionOf(paths: readonly string[]): Promise<string> {
  const versions = await Promise.all(paths.map(async (path) => {
    try {
      const { ino, mtime, ctime, size } = await Deno.stat(path);
      return `${ino} ${mtime?.getTime()} ${ctime?.getTime()} ${size}`;
    } catch (error) {
      // Loading the file will say what is wrong.
      return messageOf(error);
    }
  }));
  return versions.join();
}
