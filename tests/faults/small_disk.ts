/**
 * A file system that is too small: a tmpfs, if the suite may mount one.
 *
 * @module
 */

/** A tmpfs, mounted until it is disposed of. */
export class SmallDisk {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * True if a tmpfs can be mounted here: on Linux, as root.
   *
   * @returns Whether it can.
   */
  static isPossible(): boolean {
    const needs = ["run", "read", "write"] as const;
    const mayTry = Deno.build.os === "linux" &&
      needs.every((name) =>
        Deno.permissions.querySync({ name }).state === "granted"
      );
    if (!mayTry) return false;
    const dir = Deno.makeTempDirSync();
    try {
      return runSync("mount", ...mountArgs("64k"), dir) &&
        runSync("umount", dir);
    } finally {
      Deno.removeSync(dir);
    }
  }

  /**
   * Mounts one.
   *
   * @param dir A folder, which is made.
   * @param size Its size in KiB.
   * @returns The disk.
   */
  static async mount(dir: string, size: number): Promise<SmallDisk> {
    await Deno.mkdir(dir);
    await run("mount", ...mountArgs(`${size}k`), dir);
    return new SmallDisk(dir);
  }

  /**
   * Makes it larger and keeps its files.
   *
   * @param size Its size in KiB.
   */
  async resize(size: number): Promise<void> {
    await run("mount", "-o", `remount,size=${size}k`, this.#dir);
  }

  /** Unmounts it; no process may use it any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.#dir);
  }
}

function mountArgs(size: string): string[] {
  return ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs"];
}

function runSync(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args })
    .output();
  if (success) return;
  throw new Error(
    `Cannot ${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`,
  );
}
