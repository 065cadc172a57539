const KILOBYTE = 1024;

/** Resident memory of a process, in bytes. */
export interface Memory {
  /** Now. */
  resident: number;
  /** The peak so far. */
  peak: number;
}

/**
 * Measures a process, on Linux only. Deno itself can read it only with all
 * permissions, so another program reads it.
 */
export async function memoryOf(pid: number): Promise<Memory | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const { stdout } = await new Deno.Command("cat", {
    args: [`/proc/${pid}/status`],
  }).output();
  const status = new TextDecoder().decode(stdout);
  return {
    resident: readKilobytes(status, "VmRSS"),
    peak: readKilobytes(status, "VmHWM"),
  };
}

function readKilobytes(status: string, key: string): number {
  const [, kilobytes] = new RegExp(`^${key}:\\s*(\\d+) kB$`, "m").exec(status)!;
  return Number(kilobytes) * KILOBYTE;
}
