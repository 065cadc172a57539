// An agency that sends files to a central with a store, or to a fake central.

import { assertEquals, assertRejects } from "@std/assert";
import {
  Agency,
  type AgencyOptions,
  type Bet,
  type SendOptions,
  type Summary,
  UnreachableError,
} from "../../client.ts";
import { openFile } from "../../agency/delivered_file.ts";
import { identify } from "../../agency/delivery/identify.ts";
import { SentFolder } from "../../agency/delivery/sent_folder.ts";
import { decodeBatch, decodeFinish, type Finish } from "../../protocol/mod.ts";
import { type Central, FileStore } from "../../server.ts";
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
import { type Reply, Type } from "./frames.ts";
import { listen, wrapWriters } from "./served.ts";
import { assertProblem } from "./problems.ts";
import { csvOf, rows } from "./rows.ts";

export const FILE = "a.csv";
/** The copy of the refused rows of {@linkcode FILE}. */
export const COPY = "a.csv.rejected.csv";

/** A named pipe, if the test makes it. */
export const PIPE = "pipe";

export const ROWS = rows(6);
/** Row 2 has no document. */
export const WITH_BAD = csvOf(ROWS.with(2, ROWS[2]!.with(2, "x")));
export const CORRECTED = csvOf(ROWS);

/** A run, and what the central received in it. */
interface Run extends Summary {
  /** Identity and first index of each batch. */
  batches: (readonly [string, number])[];
  /** The delivery in each FINISH: what the agency expects to be stored. */
  finishes: Finish["delivery"][];
}

/** How a text is delivered. */
export interface Delivering {
  /** The copy of the refused rows; none is written without it. */
  copy?: string;
  isNew?: boolean;
  isCut?: boolean;
  agency?: number;
  separator?: string;
}

/** What is done with a file's rows because of earlier deliveries. */
interface Treatment {
  leftOut: number[];
  /** Rows that may be stored already, so they keep their identity. */
  unsure: number[];
  /** Rows that correct refused ones. */
  brought: number[];
}

/** One agency's files, and a central that stores what it receives. */
export class Desk {
  readonly #dir: string;
  readonly log: CapturedLog = CapturedLog.start();
  token: Uint8Array | undefined;
  agency = 9;
  maxAttempts = 1;
  maxAmount = 2;
  readonly #stored: FileStore;
  readonly #central: Central;
  /** Identities of the batches that the store got in the last delivery. */
  readonly #ids: string[];
  /** What the central received in the last run. */
  #taken: readonly Reply[] = [];

  private constructor(
    dir: string,
    stored: FileStore,
    { central, ids }: { central: Central; ids: string[] },
  ) {
    this.#dir = dir;
    this.#stored = stored;
    this.#central = central;
    this.#ids = ids;
  }

  static test(name: string, fn: (desk: Desk) => Promise<void>): void {
    testInFolder(name, (dir) => Desk.in(dir, fn), ["net"]);
  }

  static async in(
    dir: string,
    fn: (desk: Desk) => Promise<void>,
  ): Promise<void> {
    await using store = await FileStore.open(`${dir}/store`, { fsync: false });
    const ids: string[] = [];
    await using central = listen(wrapWriters(store, (writer) => ({
      append(batch): Promise<number> {
        ids.push(batch.fingerprint);
        return writer.append(batch);
      },
      [Symbol.dispose]: () => writer[Symbol.dispose](),
    })));
    await fn(new Desk(dir, store, { central, ids }));
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

  /** Sends a text to a central that follows scripts, or takes everything. */
  async send(
    name: string,
    text: string,
    options: SendOptions = {},
    ...scripts: Script[]
  ): Promise<Run> {
    await using central = new FakeCentral(...scripts, okAll);
    this.#taken = central.taken;
    const { port } = central;
    const summary = await this.#run(name, text, options, { port });
    const finishes = central.taken.filter(({ type }) => type === Type.FINISH)
      .map(({ payload }) => decodeFinish(payload).delivery);
    return { ...summary, batches: this.#batches, finishes };
  }

  async #run(
    name: string,
    text: string,
    options: SendOptions,
    { port, ...agencyOptions }: Partial<AgencyOptions> & { port: number },
  ): Promise<Summary> {
    const path = `${this.#dir}/${name}`;
    const written = Deno.writeTextFile(path, text);
    // A named pipe takes nothing until it is read.
    if (name !== PIPE) await written;
    const agency = new Agency({
      id: this.agency,
      server: `127.0.0.1:${port}`,
      token: this.token,
      maxAmount: this.maxAmount,
      maxAttempts: this.maxAttempts,
      baseDelayMs: 1,
      ...agencyOptions,
    });
    const summary = await agency.send(path, {
      sentFolder: this.sent,
      rejectedFile: "{file}.rejected.csv",
      ...options,
    });
    await written;
    return summary;
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

  /**
   * Delivers a text to the store, all in one batch if it is not large, without
   * a FINISH. Returns the delivery's identity.
   */
  async deliver(
    name: string,
    text: string,
    { copy, isNew = false, isCut, agency = 9, separator = "," }: Delivering =
      {},
  ): Promise<string> {
    const options: SendOptions = {
      asNew: isNew,
      finish: "no",
      separator,
      rejectedFile: copy === undefined ? "" : "{file}.rejected.csv",
    };
    this.#ids.length = 0;
    if (isCut) {
      await this.cut(name, text, options, play(take()));
      return this.#batches[0]?.[0] ?? "";
    }
    const agencyOptions = { id: agency, maxAmount: 150 };
    const { rejectedFile } = await this.store(
      name,
      text,
      options,
      agencyOptions,
    );
    if (copy !== undefined) {
      assertEquals(await Deno.readTextFile(rejectedFile!), copy);
    }
    return this.#ids[0] ?? "";
  }

  /** Sends a text to the central that stores bets. */
  async store(
    name: string,
    text: string,
    options: SendOptions = {},
    agencyOptions: Partial<AgencyOptions> = {},
  ): Promise<Summary> {
    const { port } = this.#central;
    return await this.#run(name, text, options, { port, ...agencyOptions });
  }

  /** Number of bets in the store. */
  get bets(): number {
    return this.#stored.stats.bets;
  }

  /** Asserts that sending a text fails before anything is sent. */
  async refuses(
    name: string,
    text: string,
    message: string,
    delivering?: Delivering,
  ): Promise<void> {
    await assertProblem(() => this.deliver(name, text, delivering), message);
    assertEquals(this.#ids, []);
  }

  /** Asserts what would be done with a text, without sending it. */
  async treats(
    name: string,
    text: string,
    expected: Partial<Treatment>,
    isNew?: boolean,
  ): Promise<void> {
    const path = `${this.#dir}/${name}`;
    await Deno.writeTextFile(path, text);
    using file = await openFile(path, {});
    const { others } = await identify(file, this.folder, isNew);
    assertEquals({
      leftOut: others.leftOut.values(),
      unsure: [...others.identities.keys()],
      brought: others.brought.map(({ index }) => index).toSorted(),
    }, { leftOut: [], unsure: [], brought: [], ...expected });
  }

  get folder(): SentFolder {
    return new SentFolder(this.sent, 9);
  }

  /** Names of the files that are still to be sent or corrected. */
  get open(): string[] {
    return this.folder.otherOpen({ id: "" })
      .map(({ path = "-" }) => path.slice(path.lastIndexOf("/") + 1));
  }

  /** The paths of the entries of deliveries. */
  get entries(): string[] {
    return [...Deno.readDirSync(this.sent)]
      .filter(({ name }) => name.endsWith(".json"))
      .map(({ name }) => `${this.sent}/${name}`);
  }

  /** Identity and first index of each batch of the last run. */
  get #batches(): Run["batches"] {
    return this.#taken.filter(({ type }) => type === Type.BET)
      .map(({ payload }) => decodeBatch(payload))
      .map(({ fingerprint, betIndex }) => [fingerprint, betIndex] as const);
  }

  get lastError(): string {
    return this.log.lines.findLast((line) => line.startsWith("ERROR")) ?? "";
  }
}
