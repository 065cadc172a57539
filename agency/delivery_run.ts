// A run of a delivery: what is recorded when it begins and ends, and whether the
// agency may finish.

import { formatAction, getLogger } from "../program/logging.ts";
import type { Finish } from "../protocol/mod.ts";
import type { DeliveredFile } from "./delivered_file.ts";
import type { Delivery } from "./delivery/delivery.ts";
import { originOf } from "./delivery/moved_rows.ts";
import { IndexSet } from "./index_set.ts";
import {
  nameOf,
  type OpenDelivery,
  type OpenState,
  type SentDelivery,
  storedRows,
} from "./delivery/sent_delivery.ts";
import type { SentFolder } from "./delivery/sent_folder.ts";
import type { RunStart } from "./delivery/run_start.ts";
import type { SendOptions } from "./options.ts";
import type { RejectedFile } from "./output/rejected_file.ts";
import type { BatchLoader } from "./outgoing_batch.ts";
import type { RefusedRows } from "./refused_rows.ts";

/** What a run works with. */
export interface RunParts {
  start: RunStart;
  file: DeliveredFile;
  folder: SentFolder;
  delivery: Delivery;
  refused: RefusedRows;
  loader: BatchLoader;
}

/** Why a delivery holds back the finish. */
const HELD_BECAUSE: Record<OpenState, string> = {
  "unsent": "its run ended, or waits, before its first batch",
  "cut off": "it was not sent to its end",
  "incomplete": "it has refused rows that are not corrected",
};

export class DeliveryRun {
  readonly #agency: number;
  readonly #finish: NonNullable<SendOptions["finish"]>;
  readonly parts: RunParts;
  #isRecorded = false;
  /** The refused rows that are not stored, once all batches are answered. */
  #missing: IndexSet = new IndexSet();

  constructor(
    parts: RunParts,
    agency: number,
    { finish = "complete" }: SendOptions,
  ) {
    this.parts = parts;
    this.#agency = agency;
    this.#finish = finish;
  }

  /**
   * Called on each new connection and before FINISH. Throws if the file has
   * changed.
   */
  async begin(): Promise<void> {
    const { start, file, delivery } = this.parts;
    file.source.throwIfChanged();
    await delivery.begin();
    start.end();
  }

  /**
   * Called if the central answers INCOMPLETE: then other deliveries may have to
   * be sent again, too. Returns what to do.
   */
  onIncomplete(): string {
    const { delivery, refused } = this.parts;
    if (this.#missing.size === 0) delivery.expectRelatives();
    if (refused.count > 0) {
      return "correct the refused rows and send them; --finish-anyway finishes without";
    }
    const other = this.#other;
    const what = other
      ? `${nameOf(other.path)}, where other rows of it were sent,`
      : "the file";
    return `the central has another store now; send ${what} again`;
  }

  /**
   * The delivery whose refused rows this one has, or else one that stores rows of
   * this file. Only one that has stored rows counts.
   */
  get #other(): SentDelivery | undefined {
    const { folder, delivery } = this.parts;
    const origin = originOf(delivery.id, folder.everRefused());
    return [origin, delivery.others.storedIn]
      .find((one) => one && storedRows(one) > 0);
  }

  /**
   * Records the delivery, once all batches are answered. Returns the FINISH to
   * send; false if the agency cannot finish yet, because another delivery is not
   * complete; `undefined` if it was not asked to finish.
   */
  async finish(lacked: number): Promise<Finish | false | undefined> {
    const { delivery, refused, loader: { records, end } } = this.parts;
    // Before any message that may be about these rows.
    refused.logBefore(Infinity);
    if (!this.#isRecorded) {
      const isGivenUp = this.#finish === "anyway";
      const { indexes } = refused;
      const run = { refused: indexes, lacked, records, end, isGivenUp };
      this.#missing = await delivery.end(run);
      this.#warnOfStoredRows();
      this.#isRecorded = true;
    }
    const agency = this.#agency;
    if (this.#finish === "no") return undefined;
    if (await this.#isHeld()) return false;
    if (this.#finish === "anyway") return { agency };
    return { agency, delivery: this.#expected() };
  }

  /**
   * What FINISH asks the central to check. It has just confirmed this file's
   * bets, so if rows of the file belong to another delivery, FINISH names that
   * delivery instead.
   */
  #expected(): Finish["delivery"] {
    const { delivery, loader } = this.parts;
    const { id, others: { elsewhere } } = delivery;
    const records = loader.records - elsewhere.difference(this.#missing).size;
    const other = this.#other;
    // With refused rows, the central answers how many of this file are missing.
    return other && this.#missing.size === 0
      ? { fingerprint: other.id, records: storedRows(other) }
      : { fingerprint: id, records: records || loader.records };
  }

  /** Copies the missing rows. Returns the path of the copy, if there are any. */
  async copyMissing(
    rejected: RejectedFile | undefined,
  ): Promise<string | undefined> {
    const { folder, delivery } = this.parts;
    const missing = delivery.stillMissing(this.#missing);
    const copies = folder.copiesOf(delivery.id);
    const copy = await rejected?.write(
      missing,
      copies,
      (copy) => delivery.addCopy(copy, missing),
    );
    return copy?.path;
  }

  /** True if another delivery is not complete. */
  async #isHeld(): Promise<boolean> {
    const [open, ...others] = await this.#openOthers();
    if (!open) return false;
    if (this.#finish === "anyway") {
      for (const one of [open, ...others]) one.giveUp();
      return false;
    }
    const { path = "-", state, since } = open;
    getLogger().error(formatAction("agency_finished", "fail", {
      client_id: this.#agency,
      file: path,
      since,
      others: others.length || undefined,
      reason: HELD_BECAUSE[state],
      hint: `${this.#wayOut(open)}; --finish-anyway finishes without`,
    }));
    return true;
  }

  /** What completes a delivery that is not complete. */
  #wayOut({ state, path, copy }: OpenDelivery): string {
    if (state === "unsent") {
      return path === "-"
        ? "send it again"
        : "send it; if another file has its bets, remove or rename it";
    }
    if (state === "cut off") return "send it again under this name";
    const there = copy === undefined ? "" : ` in ${nameOf(copy)}`;
    const brought = path === this.parts.delivery.path
      ? "this version of the file"
      : "another file";
    return `correct them${there} and send them, unless ${brought} brought them`;
  }

  async #openOthers(): Promise<OpenDelivery[]> {
    const { start, folder, delivery } = this.parts;
    if (folder.otherOpen(delivery).length === 0) return [];
    // Waits for runs that are about to send: their rows may be refused.
    await start.takeTurn();
    const open = folder.otherOpen(delivery);
    start.endTurn();
    return open;
  }

  #warnOfStoredRows(): void {
    const { file, refused } = this.parts;
    const count = refused.count - this.#missing.size;
    if (count === 0) return;
    getLogger().warn(formatAction("read_file", "fail", {
      file: file.source.path,
      reason:
        `${count} of its refused rows are stored: it is an old version, or their batch was refused as a whole`,
    }));
  }
}

/**
 * Returns what to call once a run has done all that it was asked to. It keeps
 * nothing of the file, because the run may wait for the draw.
 */
export function endOfRun(folder: SentFolder, id: string): () => void {
  return () => {
    const entry = folder.withId(id);
    if (!entry?.isUnended) return;
    folder.change(entry, (last) => ({ ...last, isUnended: undefined }));
  };
}
