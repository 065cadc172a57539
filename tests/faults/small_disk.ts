// A file system that is too small: a tmpfs, if the suite may mount one.

/** A tmpfs, mounted until it is disposed of. */
export class SmallDisk {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Why no tmpfs can be mounted here: it takes Linux and root. */
  static get problem(): string | undefined {
    const needs = ["run", "read", "write"] as const;
    const mayTry = Deno.build.os === "linux" &&
      needs.every((name) =>
        Deno.permissions.querySync({ name }).state === "granted"
      );
    if (!mayTry) return "cannot mount a tmpfs here";
    const dir = Deno.makeTempDirSync();
    const args = ["-c", `mount -t tmpfs tmpfs ${dir} && umount ${dir}`];
    const { success } = new Deno.Command("sh", { args }).outputSync();
    Deno.removeSync(dir);
    return success ? undefined : "cannot mount a tmpfs here";
  }

  /** Makes a folder of this size in KiB. */
  static async mount(dir: string, size: number): Promise<SmallDisk> {
    await Deno.mkdir(dir);
    await run("mount", "-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", dir);
    return new SmallDisk(dir);
  }

  /** Makes it larger and keeps its files. */
  async resize(size: number): Promise<void> {
    await run("mount", "-o", `remount,size=${size}k`, this.#dir);
  }

  /** Unmounts the disk. No process may still use it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.#dir);
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
