// The log of code that runs inside the tests' own process.

import { within } from "./deadline.ts";
import { BaseHandler, setup } from "@std/log";

/** Replaces standard output. */
export class CapturedLog extends BaseHandler {
  readonly #lines: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();

  private constructor() {
    super("NOTSET", {
      formatter: ({ levelName, msg }) => `${levelName} ${msg}`,
    });
  }

  /** Begins to capture: what `getLogger()` gives from now on writes here. */
  static start(): CapturedLog {
    const handler = new CapturedLog();
    setup({
      handlers: { captured: handler },
      loggers: { default: { level: "DEBUG", handlers: ["captured"] } },
    });
    return handler;
  }

  /** Level and text of each line so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The lines with this text. */
  linesWith(text: string): string[] {
    return this.#lines.filter((line) => line.includes(text));
  }

  /** What the first group of a pattern matches in each line that has it. */
  values(pattern: RegExp): string[] {
    return this.#lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  }

  /** Waits for the line that is the `count`th with this text. */
  async line(text: string, count = 1): Promise<string> {
    const found = this.linesWith(text);
    if (found.length >= count) return found[count - 1]!;
    let left = count - found.length;
    const { promise, resolve } = Promise.withResolvers<string>();
    // Looks at each new line once: a test may log tens of thousands.
    const watch = (line: string) => {
      if (line.includes(text) && --left === 0) resolve(line);
    };
    this.#watchers.add(watch);
    try {
      return await within(
        promise,
        () => `no ${count} lines with "${text}":\n${this.#lines.join("\n")}`,
      );
    } finally {
      this.#watchers.delete(watch);
    }
  }

  override log(line: string): void {
    this.#lines.push(line);
    for (const watch of this.#watchers) watch(line);
  }
}
