// A third-party client that follows docs/protocol.md, but sends its bets in
// any order, with gaps, and again.

import { betFrame, type BetRow } from "../support/frames.ts";
import { drawRow } from "./bet_file.ts";
import { CENTRAL_PORT } from "./central_host.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { Connection } from "./simulated_connection.ts";
import type { World } from "./world.ts";

const BETS = 300;
const MAX_BATCH_BETS = 12;
const MAX_PAUSE_MS = 3_000;
/** Longest pauses between two batches; each connection picks one. */
const BATCH_PAUSES_MS = [1, 100, 2_000];
const REPLY_BYTES = 1024;
/** Probability that a run has this client. */
const IN_RUN = 0.5;

/** Sends random ranges of its bets. */
export class IndependentClient {
  readonly #world: World;
  readonly #agency: number;
  readonly #fingerprint: string;
  readonly #rows: readonly BetRow[];
  readonly #takesPart: boolean;
  #process: SimulatedProcess | undefined;
  #hasEnded = false;

  constructor(world: World, agency: number) {
    this.#world = world;
    this.#agency = agency;
    this.#takesPart = world.random.happens(IN_RUN);
    this.#fingerprint = world.random.bytes(8).toHex();
    this.#rows = Array.from({ length: BETS }, () => drawRow(world));
    world.ledger.addFile({
      agency,
      fingerprint: this.#fingerprint,
      rows: this.#rows,
      invalid: new Set(),
      isOrdered: false,
    });
  }

  start(): void {
    if (this.#takesPart) this.#connectLater();
  }

  end(): void {
    this.#hasEnded = true;
    this.#process?.end();
  }

  #connectLater(): void {
    const { loop, random, ledger, trace } = this.#world;
    loop.schedule(undefined, random.between(1, MAX_PAUSE_MS), () => {
      if (this.#hasEnded) return;
      const process = new SimulatedProcess("client", "client", random);
      process.createTap = () => ledger.tap("client");
      this.#process = process;
      loop.schedule(process, 0, () => {
        this.#send().catch((error) => trace.add("client", `ends: ${error}`))
          .then(() => {
            process.end();
            this.#connectLater();
          });
      });
      loop.schedule(process, random.between(1, 10 * MAX_PAUSE_MS), () => {
        process.end();
        this.#connectLater();
      });
    });
  }

  /**
   * Sends batches, one after the other, until a connection ends. In some runs it
   * sends each of them on two connections at once.
   */
  async #send(): Promise<void> {
    const { random, network, loop } = this.#world;
    const connections = [await network.connect(CENTRAL_PORT)];
    if (random.happens(0.5)) {
      connections.push(await network.connect(CENTRAL_PORT));
    }
    const pauseMs = random.pick(BATCH_PAUSES_MS);
    for (;;) {
      const batch = this.#drawBatch();
      await Promise.all(connections.map((one) => ask(one, batch)));
      await loop.operate(random.between(0, pauseMs), () => {});
    }
  }

  #drawBatch(): Uint8Array {
    const { random } = this.#world;
    const betIndex = random.below(BETS);
    const end = betIndex + random.between(1, MAX_BATCH_BETS);
    return betFrame({
      agency: this.#agency,
      fingerprint: this.#fingerprint,
      betIndex,
      rows: this.#rows.slice(betIndex, end),
    });
  }
}

/** Sends a batch and waits for its reply. */
async function ask(connection: Connection, batch: Uint8Array): Promise<void> {
  for (let at = 0; at < batch.length;) {
    at += await connection.write(batch.subarray(at));
  }
  const reply = await connection.read(new Uint8Array(REPLY_BYTES));
  if (reply === null) throw new Error("the central has closed the connection");
}
