// A central that holds a draw, inside the tests' own process, on a store of the
// test's own: it can be stopped, and started again on the same store.

import { Central } from "../../server.ts";
import type { Store } from "../../storage/mod.ts";
import { agencyFrame, Type } from "./frames.ts";
import type { CapturedLog } from "./captured_log.ts";
import { Wire } from "./wire.ts";

/** The log line for an agency that waits for the draw. */
export const WAITS = "action: consulta_ganadores | result: in_progress";

/** A central that serves. */
export class DrawCentral {
  readonly #central: Central;
  readonly #log: CapturedLog;
  readonly port: number;

  constructor(store: Store, log: CapturedLog) {
    this.#central = Central.listen(store, { hostname: "127.0.0.1", port: 0 });
    this.port = this.#central.port;
    this.#log = log;
  }

  /** Stops it like SIGTERM does. */
  async stop(): Promise<void> {
    await this.#central.stop();
  }

  /**
   * Asks for the winners of some agencies, each on a connection of its own, and
   * waits until the central has taken every question.
   */
  async askEarly(agencies: readonly number[]): Promise<Wire[]> {
    const { lines } = this.#log;
    const asked = lines.filter((line) => line.includes(WAITS)).length;
    const wires = await Promise.all(agencies.map(async (agency) => {
      const wire = await Wire.connect(this.port);
      await wire.send(agencyFrame(Type.WINNERS_QUERY, agency));
      return wire;
    }));
    if (wires.length > 0) await this.#log.line(WAITS, asked + wires.length);
    return wires;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
