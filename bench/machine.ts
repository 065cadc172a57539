// The machine, and what a process on it uses. `cat` reads `/proc`, because Deno
// itself reads it only with all permissions.

import { join } from "node:path";

export interface Usage {
  /** User and system time. */
  cpuSeconds: number;
  /** Peak resident memory in bytes. */
  peakRss: number;
}

/** Indexes, from 0, of the fields after the name in `/proc/<pid>/stat`. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
/** Linux counts in hundredths of a second for programs. */
const TICKS_PER_SECOND = 100;
const FLUSHES = 101;
const FLUSH_BYTES = 8192;

export async function usageOf(pid: number): Promise<Usage> {
  const files = [`/proc/${pid}/stat`, `/proc/${pid}/status`];
  const text = await output("cat", files);
  // The name before it may have spaces and parentheses.
  const fields = text.slice(text.indexOf(") ") + 2).split(" ");
  const ticks = Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1];
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    peakRss: Number(kibibytes) * 1024,
  };
}

/** Describes the machine and a folder's disk, a line for each subject. */
export async function describeMachine(folder: string): Promise<string[]> {
  const cpuinfo = await output("cat", ["/proc/cpuinfo"]);
  const model = /^model name\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? "unknown";
  const flushMs = (1000 * medianFlush(folder)).toFixed(2);
  const { deno, v8 } = Deno.version;
  return [
    `date: ${new Date().toISOString()}`,
    `cpu: ${navigator.hardwareConcurrency} × ${model}`,
    `system: ${await output("uname", ["-sr"])}`,
    `runtime: Deno ${deno}, V8 ${v8}`,
    `flush: ${flushMs} ms, median of ${FLUSHES} writes of 8 KiB each with fdatasync`,
    `load: ${await output("cat", ["/proc/loadavg"])}`,
  ];
}

/** Writes everything to disk, so that no run pays for the one before. */
export async function settleDisk(): Promise<void> {
  await output("sync", []);
}

/** Seconds that a small write takes to be on disk. */
function medianFlush(folder: string): number {
  const path = join(folder, "flush-probe");
  const bytes = new Uint8Array(FLUSH_BYTES);
  const times: number[] = [];
  using file = Deno.openSync(path, { append: true, create: true });
  for (let i = 0; i < FLUSHES; i++) {
    const startedAt = performance.now();
    file.writeSync(bytes);
    file.syncDataSync();
    times.push((performance.now() - startedAt) / 1000);
  }
  Deno.removeSync(path);
  return times.sort((a, b) => a - b)[FLUSHES >> 1]!;
}

/** Returns a command's output. Throws an `Error` if it fails. */
export async function output(
  command: string,
  args: string[],
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: "/",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout).trim();
  throw new Error(
    `Cannot run ${command} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`,
  );
}
