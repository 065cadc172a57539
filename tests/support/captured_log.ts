// The log of code that runs inside the tests' own process.

import { within } from "./deadline.ts";
import { BaseHandler, setup } from "@std/log";

/** Replaces standard output. */
export class CapturedLog extends BaseHandler {
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();

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

  async line(text: string, count = 1): Promise<string> {
    for (;;) {
      const found = this.#lines.filter((line) => line.includes(text));
      if (found.length >= count) return found[count - 1]!;
      await within(
        new Promise<void>((resolve) => this.#watchers.add(resolve)),
        () => `no ${count} lines with "${text}":\n${this.#lines.join("\n")}`,
      );
    }
  }

  override log(line: string): void {
    this.#lines.push(line);
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}
