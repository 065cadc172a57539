// An agency that sends files to a fake central, which stores what it receives.

import { assertEquals, assertRejects } from "@std/assert";
import {
  Agency,
  type Bet,
  type SendOptions,
  type Summary,
  UnreachableError,
} from "../../client.ts";
import { decodeBatch, decodeFinish, type Finish } from "../../protocol/mod.ts";
import { CapturedLog } from "./captured_log.ts";
import {
  FakeCentral,
  ok,
  okAll,
  play,
  type Script,
  take,
} from "./fake_central.ts";
import { testInFolder } from "./folder.ts";
import { Type } from "./frames.ts";

/** A run, and what the central received in it. */
interface Run extends Summary {
  /** Identity and first index of each batch. */
  batches: (readonly [string, number])[];
  /** The delivery in each FINISH: what the agency expects to be stored. */
  finishes: Finish["delivery"][];
}

/** One agency's files, and a central that stores what it receives. */
export class Desk {
  readonly #dir: string;
  readonly log: CapturedLog = CapturedLog.start();
  token: Uint8Array | undefined;
  agency = 9;
  maxAttempts = 1;
  maxAmount = 2;

  constructor(dir: string) {
    this.#dir = dir;
  }

  static test(name: string, fn: (desk: Desk) => Promise<void>): void {
    testInFolder(name, (dir) => fn(new Desk(dir)), ["net"]);
  }

  get dir(): string {
    return this.#dir;
  }

  get sent(): string {
    return `${this.#dir}/sent`;
  }

  path(name: string): string {
    return `${Deno.realPathSync(this.#dir)}/${name}`;
  }

  async send(
    name: string,
    text: string,
    options: SendOptions = {},
    ...scripts: Script[]
  ): Promise<Run> {
    const path = `${this.#dir}/${name}`;
    await Deno.writeTextFile(path, text);
    await using central = new FakeCentral(...scripts, okAll);
    const agency = new Agency({
      id: this.agency,
      server: `127.0.0.1:${central.port}`,
      token: this.token,
      maxAmount: this.maxAmount,
      maxAttempts: this.maxAttempts,
      baseDelayMs: 1,
    });
    const summary = await agency.send(path, {
      sentFolder: this.sent,
      rejectedFile: "{file}.rejected.csv",
      ...options,
    });
    const batches = central.taken.filter(({ type }) => type === Type.BET)
      .map(({ payload }) => decodeBatch(payload))
      .map(({ fingerprint, betIndex }) => [fingerprint, betIndex] as const);
    const finishes = central.taken.filter(({ type }) => type === Type.FINISH)
      .map(({ payload }) => decodeFinish(payload).delivery);
    return { ...summary, batches, finishes };
  }

  /** Sends bets without a file. Returns whether the agency has finished. */
  async sendBets(bets: AsyncIterable<Bet>): Promise<boolean | undefined> {
    await using central = new FakeCentral(okAll);
    const server = `127.0.0.1:${central.port}`;
    const { isFinished } = await new Agency({ id: 9, server })
      .send(bets, { sentFolder: this.sent });
    return isFinished;
  }

  /** Names of the copies of refused rows. */
  copies(): string[] {
    return [...Deno.readDirSync(this.#dir)].map(({ name }) => name)
      .filter((name) => name.includes("rejected")).sort();
  }

  /** Sends a part of a file: one batch, whose OK is lost or not. */
  async cut(
    name: string,
    text: string,
    options?: SendOptions,
    script = play(take(), ok()),
  ): Promise<void> {
    await assertRejects(
      () => this.send(name, text, options, script),
      UnreachableError,
    );
  }

  /** Whether the agency finishes with a file. */
  async finishes(
    name: string,
    text: string,
    options?: SendOptions,
  ): Promise<boolean> {
    const { isFinished, finishes } = await this.send(name, text, options);
    assertEquals(finishes.length, isFinished ? 1 : 0);
    return isFinished!;
  }

  get lastError(): string {
    return this.log.lines.findLast((line) => line.startsWith("ERROR")) ?? "";
  }
}
