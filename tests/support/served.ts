// A central inside the tests' own process, behind a real listener.

import { Central, type CentralOptions } from "../../server.ts";
import { FileStore } from "../../storage/mod.ts";
import { CapturedLog } from "./captured_log.ts";
import { testInFolder } from "./folder.ts";
import { testWith } from "./permissions.ts";

export interface ServedOptions extends Partial<CentralOptions> {
  /** Agencies in the draw. @default {0} */
  drawAgencies?: number;
  /** Wraps the central's store. */
  wrapStore?: (store: FileStore) => FileStore;
}

/** A central that serves. */
export interface Served {
  port: number;
  /** Its store's file. */
  storeFile: string;
  /** What it has logged. */
  log: CapturedLog;
  /** Stops it like SIGTERM does. */
  stop(): Promise<void>;
}

/**
 * Registers a test that gets a central on a free port with a store of its own,
 * both stopped at its end.
 */
export function testServed(
  name: string,
  fn: (served: Served) => Promise<void>,
  options: ServedOptions = {},
): void {
  const { state } = Deno.permissions.querySync({ name: "net" });
  if (state !== "granted") return testWith(["net"], name, () => {});
  testInFolder(name, async (dir) => {
    const { wrapStore = (store) => store, drawAgencies = 0, ...limits } =
      options;
    const log = CapturedLog.start();
    const storeFile = `${dir}/bets.csv`;
    const store = await FileStore.open(storeFile, { drawAgencies });
    await using central = Central.listen(wrapStore(store), {
      hostname: "127.0.0.1",
      port: 0,
      maxConnections: 100,
      ...limits,
    });
    const { port } = central;
    const stop = () => central.stop();
    try {
      await fn({ port, storeFile, log, stop });
    } finally {
      await stop();
      await store.close();
    }
  });
}
