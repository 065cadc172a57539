// The agency as a library: sends bets to the central, and asks for its winners.

import { ProgramError } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { ADDRESSES } from "../program/config/setting.ts";
import { BatchSender } from "./batch_sender.ts";
import { type DeliveredFile, openFile } from "./delivered_file.ts";
import type { Delivery } from "./delivery/delivery.ts";
import { identify } from "./delivery/identify.ts";
import { IndexSet } from "./index_set.ts";
import type { RowsOfOthers } from "./delivery/rows_of_others.ts";
import { SentFolder } from "./delivery/sent_folder.ts";
import { RunStart } from "./delivery/run_start.ts";
import { DeliveryRun, endOfRun } from "./delivery_run.ts";
import type {
  AgencyOptions,
  Input,
  ReadOptions,
  SendOptions,
  Summary,
} from "./options.ts";
import { BatchLoader, OutgoingBatch } from "./outgoing_batch.ts";
import { RefusedRows } from "./refused_rows.ts";
import { RejectedFile, rejectedPath } from "./output/rejected_file.ts";
import { RetryingConnection } from "./connection/retrying_connection.ts";

const DEFAULTS = {
  maxAmount: 150,
  window: 1,
  retryRefused: true,
  maxAttempts: 20,
  baseDelayMs: 100,
  replyTimeoutMs: 60_000,
};

const MAX_ID = 4294967295;

/** Stands for a delivery where nothing is sent. */
const UNSENT = {
  id: "0".repeat(16),
  others: { leftOut: new IndexSet(), identities: new Map() },
};

/**
 * An agency.
 *
 * @example Usage
 * ```ts ignore
 * import { Agency } from "@loteria/loteria/client";
 *
 * const agency = new Agency({ id: 1, server: "localhost:12345" });
 * const { stored, refused } = await agency.send("bets.csv");
 * ```
 */
export class Agency {
  readonly #options: AgencyOptions & typeof DEFAULTS;
  #endRun: (() => void) | undefined;

  /** Does not connect yet. */
  constructor(options: AgencyOptions) {
    const { id } = options;
    if (!Number.isInteger(id) || id < 1 || id > MAX_ID) {
      throw new RangeError(
        `Cannot use agency's id: it is ${id}, expected a whole number from 1 to ${MAX_ID}`,
      );
    }
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Sends bets. Sending the same ones again stores nothing twice.
   *
   * @throws {ProgramError} If they cannot be sent. It is an {@linkcode
   * UnreachableError} if the central cannot be reached, and a {@linkcode
   * RefusedError} if it refuses the agency.
   */
  async send(input: Input, options: SendOptions = {}): Promise<Summary> {
    const { id, window, retryRefused } = this.#options;
    const { sentFolder = "", signal } = options;
    using start = new RunStart(sentFolder, id, signal);
    await start.mark(input);
    const folder = new SentFolder(sentFolder, id);
    using file = await openFile(input, options);
    const rejected = this.#openRejected(file, options);
    await start.takeTurn();
    const delivery = await identify(file, folder, options.asNew);
    this.#logStart(file, delivery);
    const refused = new RefusedRows(options.onRefused);
    const loader = this.#load(file, refused, delivery);
    const { sentBefore } = delivery;
    const run = new DeliveryRun(
      { start, file, folder, delivery, refused, loader },
      id,
      options,
    );
    const { onProgress } = options;
    const sender = new BatchSender(run, { window, retryRefused, onProgress });
    await sender.load();
    throwIfEmpty(file, loader);
    start.accept();
    const isFinished = await this.#connect(options).run(sender.deliver);
    refused.complete();
    const rejectedFile = await run.copyMissing(rejected);
    this.#endRun = endOfRun(folder, delivery.id);
    if (!options.staysOpen) this.endRun();
    return {
      ...summaryOf(file, loader, refused),
      stored: sender.counts.stored,
      repeated: sender.counts.repeated + delivery.others.leftOut.size,
      rejectedFile,
      sentBefore,
      isFinished,
    };
  }

  /**
   * Ends the last run, if it was sent with `staysOpen`. Its content is stored once
   * more if it is sent with `asNew` after this.
   */
  endRun(): void {
    this.#endRun?.();
    this.#endRun = undefined;
  }

  /**
   * Reads bets as {@linkcode send} does, and finds all that would be refused, but
   * sends nothing.
   *
   * @throws {ProgramError} If they could not be sent.
   */
  async check(input: Input, options: ReadOptions = {}): Promise<Summary> {
    using file = await openFile(input, options);
    const refused = new RefusedRows(options.onRefused, Infinity);
    const loader = this.#load(file, refused);
    const batch = new OutgoingBatch();
    while (await loader.load(batch)) {
      refused.addInvalid(batch, batch.findInvalid());
      options.signal?.throwIfAborted();
    }
    refused.complete();
    throwIfEmpty(file, loader);
    return { ...summaryOf(file, loader, refused), stored: 0, repeated: 0 };
  }

  /**
   * Waits for the draw, without a time limit.
   *
   * @returns The documents of the winning bets, in the order in which these were
   * stored.
   * @throws {ProgramError} As {@linkcode send} does.
   */
  async winners(
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<string[]> {
    const { winnersQuery } = await import("./connection/winners_query.ts");
    return await this.#connect(options).run(winnersQuery(this.#options.id));
  }

  #logStart({ source }: DeliveredFile, delivery: Delivery): void {
    getLogger().info(formatAction("send_file", "in_progress", {
      client_id: this.#options.id,
      file: source.path,
      bytes: source.size,
    }));
    delivery.others.log(source.path, delivery.isKnown);
  }

  #openRejected(
    file: DeliveredFile,
    { rejectedFile = "" }: SendOptions,
  ): RejectedFile | undefined {
    if (rejectedFile === "") return undefined;
    const path = rejectedPath(rejectedFile, this.#options.id, file.source);
    const rejected = new RejectedFile(path, file);
    rejected.check();
    return rejected;
  }

  #load(
    file: DeliveredFile,
    refused: RefusedRows,
    { id: fingerprint, others: { leftOut, identities } }: {
      id: string;
      others: Pick<RowsOfOthers, "leftOut" | "identities">;
    } = UNSENT,
  ): BatchLoader {
    const { id, maxAmount } = this.#options;
    return new BatchLoader(file.openReader(), {
      agency: id,
      fingerprint,
      maxAmount,
      leftOut,
      identities,
      refused,
    });
  }

  #connect(
    { signal = new AbortController().signal }: SendOptions,
  ): RetryingConnection {
    const { id, server, token, authorities } = this.#options;
    const { maxAttempts, baseDelayMs, replyTimeoutMs } = this.#options;
    const addresses = ADDRESSES.parse(server);
    if (!addresses) {
      throw new ProgramError(
        `Cannot use server: it is "${server}", expected ${ADDRESSES.expected}`,
      );
    }
    return new RetryingConnection({
      maxAttempts,
      baseDelayMs,
      replyTimeoutMs,
      authorities,
      addresses,
      authentication: token && { agency: id, token },
      signal,
    });
  }
}

function summaryOf(
  { source }: DeliveredFile,
  { records }: BatchLoader,
  { count }: RefusedRows,
): Pick<Summary, "file" | "records" | "refused"> {
  return { file: source.path, records, refused: count };
}

/**
 * An empty input usually means that the program that produced it has failed.
 */
function throwIfEmpty(
  { source }: DeliveredFile,
  { records }: BatchLoader,
): void {
  if (records > 0) return;
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": it has no bets, expected at least one`,
  );
}
