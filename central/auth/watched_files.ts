// Files that are reloaded while the central runs.

import { messageOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";

const WATCH_PERIOD_MS = 500;

export class WatchedFiles implements Disposable {
  readonly #paths: readonly string[];
  readonly #action: string;
  readonly #load: () => Promise<void>;
  readonly #timer: ReturnType<typeof setInterval>;
  #loaded: string;
  #lastSeen: string;
  #lastProblem = "";
  #isChecking = false;

  private constructor(
    paths: readonly string[],
    version: string,
    action: string,
    load: () => Promise<void>,
  ) {
    this.#paths = paths;
    this.#action = action;
    this.#load = load;
    this.#loaded = this.#lastSeen = version;
    this.#timer = setInterval(() => this.#check(), WATCH_PERIOD_MS);
  }

  /**
   * Loads files and watches them. If a later load fails, the previous content
   * stays in use. `action` names the event in the log. Throws what `load`
   * throws the first time.
   */
  static async open(
    paths: readonly string[],
    action: string,
    load: () => Promise<void>,
  ): Promise<WatchedFiles> {
    const version = await versionOf(paths);
    await load();
    return new WatchedFiles(paths, version, action, load);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. */
  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      await this.#reload();
    } catch (error) {
      this.#logProblem(messageOf(error));
    } finally {
      this.#isChecking = false;
    }
  }

  /**
   * Reloads changed files once two checks in a row see the same version: while
   * they are written, they may be incomplete.
   */
  async #reload(): Promise<void> {
    const version = await versionOf(this.#paths);
    const isStable = version === this.#lastSeen;
    this.#lastSeen = version;
    if (!isStable) return;
    if (version !== this.#loaded) await this.#load();
    this.#loaded = version;
    this.#lastProblem = "";
  }

  /** Logs a problem once, although every check finds it again. */
  #logProblem(problem: string): void {
    if (problem === this.#lastProblem) return;
    this.#lastProblem = problem;
    getLogger().error(formatAction(this.#action, "fail", {
      reason: `${problem}; keeping the previous ones`,
    }));
  }
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
