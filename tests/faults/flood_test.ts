import { assertLess } from "@std/assert";
import { betFrame, concat } from "../support/frames.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { randomRow } from "../support/made_bets.ts";
import { testFault as test, times } from "./plan.ts";

const QUIET_BATCHES = times(50, 500);
/** Bytes that a flood sends in one write. */
const WRITE_BYTES = 10_000;
const OK_BYTES = 5;

/** Replies that each flood may get while the quiet agency waits for one. */
const CASES = [
  { batches: "small", bets: 1, floods: 20, fairAnswers: 1_200 },
  { batches: "full", bets: 100, floods: 4, fairAnswers: 400 },
];

for (const { batches, bets, floods: count, fairAnswers } of CASES) {
  test(`agencies that send ${batches} batches without waiting do not delay one that waits`, async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      // The time that a disk takes is not part of this test.
      SERVER_STORE_FSYNC: "false",
    });
    const rows = Array.from({ length: bets }, () => randomRow(random));
    const bytes = betFrame({ agency: 2, rows });
    using quiet = await Wire.connect(central.port);
    await quiet.ask(bytes);
    const floods = await Promise.all(
      Array.from({ length: count }, () => Flood.start(central.port, bytes)),
    );
    try {
      await Promise.all(floods.map((flood) => flood.begun));
      const before = floods.map((flood) => flood.answers);
      for (let betIndex = 0; betIndex < QUIET_BATCHES; betIndex++) {
        await quiet.ok(betFrame({ betIndex, rows: rows.slice(0, 1) }));
      }
      for (const [i, flood] of floods.entries()) {
        const answers = flood.answers - before[i]!;
        assertLess(answers / QUIET_BATCHES, fairAnswers);
      }
    } finally {
      for (const flood of floods) await flood.stop();
    }
    await central.stop();
  });
}

/** A connection that sends the same batch as fast as the central reads it. */
class Flood {
  readonly #stream: Deno.TcpConn;
  readonly #begun = Promise.withResolvers<void>();
  readonly #ending: Promise<void>;
  #answers = 0;
  #isStopping = false;

  private constructor(stream: Deno.TcpConn, bytes: Uint8Array) {
    this.#stream = stream;
    this.#ending = this.#run(bytes);
  }

  static async start(port: number, bytes: Uint8Array): Promise<Flood> {
    const stream = await Deno.connect({ hostname: "127.0.0.1", port });
    const count = Math.ceil(WRITE_BYTES / bytes.length);
    return new Flood(stream, concat(Array(count).fill(bytes)));
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  get answers(): number {
    return this.#answers;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stream.close();
    await this.#ending;
  }

  async #run(bytes: Uint8Array): Promise<void> {
    try {
      await Promise.all([this.#send(bytes), this.#count()]);
    } catch (error) {
      if (!this.#isStopping) throw error;
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (;;) {
      for (let at = 0; at < bytes.length;) {
        at += await this.#stream.write(bytes.subarray(at));
      }
    }
  }

  async #count(): Promise<void> {
    const buffer = new Uint8Array(1 << 16);
    for (;;) {
      const read = await this.#stream.read(buffer);
      if (read === null) throw new Error("Cannot continue: dropped");
      this.#answers += read / OK_BYTES;
      this.#begun.resolve();
    }
  }
}
