// An agency without the client's code, which records each OK.

import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/deadline.ts";
import {
  betFrame,
  type BetRow,
  Code,
  readError,
  type Reply,
  Type,
} from "../support/frames.ts";
import type { Random } from "../support/random_bets.ts";
import { isDisconnection, type Wire } from "../support/wire.ts";
import type { Sent } from "./guarantee.ts";
import { randomRow, randomSource } from "../support/made_bets.ts";
import { untilTestEnds } from "./plan.ts";
import { PLAIN, type Security } from "./security.ts";
import { windowOf } from "./sending_agency.ts";

/** Consecutive bets that are sent as one batch. */
interface SentBatch {
  betIndex: number;
  rows: readonly BetRow[];
}

/** Options of a {@linkcode RecordingAgency}. */
export interface RecordingAgencyOptions {
  /** The agency's id. */
  agency: number;
  /** Where the central is, on this machine. */
  port: number;
  /** Where its bets come from. */
  random: Random;
  /** How it connects. @default {PLAIN} */
  security?: Security;
}

const MAX_BATCH = 8;
/** Probability that it sends a batch again after its OK. */
const REPEAT_CHANCE = 0.05;
/** Probability that it closes in the middle of a frame. */
const TEAR_CHANCE = 0.01;
/** Milliseconds between attempts to connect. */
const RETRY_DELAY_MS = 10;
const LATER_CODES: readonly number[] = [
  Code.STORAGE,
  Code.SHUTTING_DOWN,
  Code.BUSY,
];

/** Sends bets in order until {@linkcode finish} is called. */
export class RecordingAgency {
  readonly #options: RecordingAgencyOptions;
  readonly #fingerprint: string;
  readonly #rows: BetRow[] = [];
  /** Batches without a reply, sent or not, in order. */
  readonly #unanswered: SentBatch[] = [];
  readonly #watchers = new Set<() => void>();
  #lastStored: SentBatch | undefined;
  #acknowledged = 0;
  #oks = 0;
  #isFinishing = false;
  #isAbandoned = false;

  /** Creates an agency with the fingerprint of a file that does not exist. */
  constructor(options: RecordingAgencyOptions) {
    this.#options = options;
    this.#fingerprint = randomSource(options.random);
    untilTestEnds(this);
  }

  /** The bets answered with OK so far. */
  get acknowledged(): Sent {
    return {
      agency: this.#options.agency,
      fingerprint: this.#fingerprint,
      rows: this.#rows.slice(0, this.#acknowledged),
    };
  }

  /** Waits for more OKs. */
  async moreOks(count: number): Promise<void> {
    const target = this.#oks + count;
    while (this.#oks < target) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Makes no more batches. {@linkcode run} ends when all are answered. */
  finish(): void {
    this.#isFinishing = true;
  }

  /** Sends until {@linkcode finish}, over as many connections as it takes. */
  async run(): Promise<void> {
    const { port, agency, security = PLAIN } = this.#options;
    while (
      !this.#isAbandoned &&
      (!this.#isFinishing || this.#unanswered.length > 0)
    ) {
      try {
        using wire = await security.connect(port, agency);
        await this.#run(wire);
      } catch (error) {
        if (!isDisconnection(error)) throw error;
        await delay(RETRY_DELAY_MS);
      }
    }
  }

  /** Gives up, at the end of a test that has failed. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isAbandoned = true;
    return Promise.resolve();
  }

  /** Sends the unanswered batches of the last connection, then new ones. */
  async #run(wire: Wire): Promise<void> {
    const { agency, random } = this.#options;
    const window = windowOf(agency);
    for (const batch of this.#unanswered) await wire.send(this.#frame(batch));
    for (;;) {
      while (!this.#isFinishing && this.#unanswered.length < window) {
        const batch = this.#nextBatch();
        this.#unanswered.push(batch);
        const frame = this.#frame(batch);
        if (random.happens(TEAR_CHANCE)) {
          await wire.send(
            frame.subarray(0, random.between(1, frame.length - 1)),
          );
          return;
        }
        await wire.send(frame);
      }
      const [oldest] = this.#unanswered;
      if (!oldest) return;
      const reply = await wire.reply();
      if (!reply) return;
      if (reply.type !== Type.OK) return await assertTryLater(wire, reply);
      this.#settle(oldest);
    }
  }

  #nextBatch(): SentBatch {
    const { random } = this.#options;
    if (this.#lastStored && random.happens(REPEAT_CHANCE)) {
      return this.#lastStored;
    }
    const betIndex = this.#rows.length;
    const size = random.between(1, MAX_BATCH);
    const rows = Array.from({ length: size }, () => randomRow(random));
    this.#rows.push(...rows);
    return { betIndex, rows };
  }

  #frame(batch: SentBatch): Uint8Array {
    const { agency } = this.#options;
    return betFrame({ agency, fingerprint: this.#fingerprint, ...batch });
  }

  /** A batch was answered with OK. */
  #settle(batch: SentBatch): void {
    this.#unanswered.shift();
    this.#lastStored = batch;
    const end = batch.betIndex + batch.rows.length;
    this.#acknowledged = Math.max(this.#acknowledged, end);
    this.#oks++;
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}

/** No other batch that is under way may be answered after it. */
async function assertTryLater(wire: Wire, reply: Reply): Promise<void> {
  const { code, reason } = readError(reply);
  assert(LATER_CODES.includes(code), `valid batch refused: ${code} ${reason}`);
  assertEquals(await wire.reply(), null, `reply behind ${reason}`);
}
