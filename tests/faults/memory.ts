/**
 * How much memory a process holds.
 *
 * @module
 */

const KILOBYTE = 1024;

/** What a process holds, in bytes. */
export interface Memory {
  /** Now. */
  resident: number;
  /** At the most so far. */
  peak: number;
}

/**
 * Reads what a process holds. Deno itself may not read it with less than all
 * permissions, hence the program.
 *
 * @param pid The process.
 * @returns Its memory; `undefined` where the system is not Linux.
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
