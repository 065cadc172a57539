// Programs that run, and how they ended.

import { readLines } from "../../tools/demo/text_lines.ts";
import { IS_FULL, within } from "./deadline.ts";

/** What a program's streams are for a test. */
export const PIPED = {
  stdin: "piped",
  stdout: "piped",
  stderr: "piped",
} as const;
/** Longest time for a program to end. */
const ENDING_LIMIT_MS = IS_FULL ? 600_000 : 60_000;

export interface Ending {
  code: number;
  /** All of its standard output. */
  stdout: string;
  /** All of its standard error. */
  stderr: string;
}

/** Runs any program to its end, with a text as its standard input. */
export async function endingOf(
  program: string,
  options: Deno.CommandOptions = {},
  input = "",
): Promise<Ending> {
  const process = new Deno.Command(program, { ...options, ...PIPED }).spawn();
  const [{ code, stdout, stderr }] = await Promise.all([
    process.output(),
    new Blob([input]).stream().pipeTo(process.stdin),
  ]);
  const [out, problem] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { code, stdout: out!, stderr: problem! };
}

export class RunningProgram {
  readonly #process: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #stdoutRead: Promise<void>;
  readonly #stderr: Promise<string>;
  #isStdoutRead = false;

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#stdoutRead = this.#readLines();
    this.#stderr = new Response(process.stderr).text();
  }

  /** Lines of standard output so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Waits for a line of standard output. */
  async line(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    for (;;) {
      const matches = this.#lines.map((line) => pattern.exec(line))
        .filter((match) => match !== null);
      if (matches.length >= count) return matches[count - 1]!;
      if (this.#isStdoutRead) {
        throw new Error(
          `Cannot find line ${pattern}: the program printed\n${
            this.#lines.join("\n")
          }\n${await this.#stderr}`,
        );
      }
      await within(
        new Promise<void>((resolve) => this.#watchers.add(resolve)),
        () => `no ${count} lines ${pattern}:\n${this.#lines.join("\n")}`,
      );
    }
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for the program's end. */
  async ending(): Promise<Ending> {
    const { code } = await within(
      this.#process.status,
      () => `process ${this.pid} still runs:\n${this.#lines.join("\n")}`,
      ENDING_LIMIT_MS,
    );
    await this.#stdoutRead;
    return {
      code,
      stdout: this.#lines.map((line) => `${line}\n`).join(""),
      stderr: await this.#stderr,
    };
  }

  /** Ends it with SIGTERM, as `docker stop` does. */
  async stop(): Promise<Ending> {
    this.kill("SIGTERM");
    return await this.ending();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ending();
  }

  async #readLines(): Promise<void> {
    for await (const line of readLines(this.#process.stdout)) {
      this.#lines.push(line);
      this.#wake();
    }
    this.#isStdoutRead = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}
