/**
 * Files that are loaded again while the central runs.
 *
 * @module
 */

import { messageOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";

/** Time between two looks at the files. */
const WATCH_PERIOD_MS = 500;

/** Loads files again whenever they change, until it is disposed of. */
export class WatchedFiles implements Disposable {
  readonly #paths: readonly string[];
  readonly #action: string;
  readonly #load: () => Promise<void>;
  readonly #timer: ReturnType<typeof setInterval>;
  #loaded: string;
  #lastSeen: string;
  #lastProblem = "";
  #isLooking = false;

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
    this.#timer = setInterval(() => this.#look(), WATCH_PERIOD_MS);
  }

  /**
   * Loads files and watches them. If they cannot be loaded later, what was
   * loaded before stays in force.
   *
   * @param action Names it in the log.
   * @throws What `load` throws the first time.
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

  /** Stops watching. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#reload();
    } catch (error) {
      this.#logProblem(messageOf(error));
    } finally {
      this.#isLooking = false;
    }
  }

  /**
   * Loads the files if they have changed, but only once they look the same
   * twice: while they are written, they may be half of what they will be.
   */
  async #reload(): Promise<void> {
    const version = await versionOf(this.#paths);
    const isQuiet = version === this.#lastSeen;
    this.#lastSeen = version;
    if (!isQuiet) return;
    if (version !== this.#loaded) await this.#load();
    this.#loaded = version;
    this.#lastProblem = "";
  }

  /** Logs a problem once, although every look finds it again. */
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
      // Loading it says what is wrong.
      return messageOf(error);
    }
  }));
  return versions.join();
}
