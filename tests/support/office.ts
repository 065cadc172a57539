// An agency that sends files to a central with a store.

import {
  Agency,
  type AgencyOptions,
  type SendOptions,
  type Summary,
} from "../../client.ts";
import { FileStore } from "../../storage/mod.ts";
import { CapturedLog } from "./captured_log.ts";
import { testInFolder } from "./folder.ts";
import { listen } from "./served.ts";

/** One agency's files, and a central that stores its bets. */
export class Office {
  readonly #dir: string;
  readonly #store: FileStore;
  readonly #server: string;
  readonly log: CapturedLog = CapturedLog.start();

  private constructor(dir: string, store: FileStore, server: string) {
    this.#dir = dir;
    this.#store = store;
    this.#server = server;
  }

  static test(name: string, fn: (office: Office) => Promise<void>): void {
    testInFolder(name, async (dir) => {
      await using store = await FileStore.open(`${dir}/store.csv`);
      await using central = listen(store);
      const server = `127.0.0.1:${central.port}`;
      await fn(new Office(await Deno.realPath(dir), store, server));
    }, ["net"]);
  }

  /** Number of bets in the store. */
  get bets(): number {
    return this.#store.stats.bets;
  }

  get sentFolder(): string {
    return `${this.#dir}/sent`;
  }

  path(name: string): string {
    return `${this.#dir}/${name}`;
  }

  /** Sends a file, with a new text unless it is to be sent as it is. */
  async send(
    name: string,
    text?: string,
    options: SendOptions = {},
    agencyOptions: Partial<AgencyOptions> = {},
  ): Promise<Summary> {
    const path = this.path(name);
    if (text !== undefined) await Deno.writeTextFile(path, text);
    const agency = new Agency({
      id: 1,
      server: this.#server,
      maxAttempts: 1,
      ...agencyOptions,
    });
    return await agency.send(path, {
      sentFolder: this.sentFolder,
      rejectedFile: "{file}.rejected.csv",
      ...options,
    });
  }
}
