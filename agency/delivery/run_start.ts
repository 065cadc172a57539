// What a run holds until its first batch: a mark, so that no other run of the
// agency finishes, and a lock, so that no other run corrects the same rows.

import { formatAction, getLogger } from "../../program/logging.ts";
import { orAborted, startRareTimer } from "../../program/timer.ts";
import { shortHash } from "../hashes.ts";
import {
  attempt,
  createPrivateFolder,
  openLock,
  replaceFile,
} from "../output/output_file.ts";
import { isProcessInput } from "../source/input_file.ts";
import type { OpenDelivery } from "./sent_delivery.ts";

const NAME_REGEXP = /^agency-(\d+)-start-[0-9a-f]+$/;
const PIPE = "-";
/** Identifying a file takes less; a longer wait is logged. */
const QUIET_WAIT_MS = 1000;

/**
 * A run until its first batch. If it is interrupted before that, its mark stays,
 * so that the agency does not finish without the file. If the file turns out to be
 * one that cannot be sent, the mark is removed. Failures to mark or lock are
 * ignored: writing the folder's entries reports the cause.
 */
export class RunStart implements Disposable {
  readonly #folder: string;
  readonly #agency: number;
  readonly #signal: AbortSignal | undefined;
  #mark: string | undefined;
  #turn: Deno.FsFile | undefined;
  #isAccepted = false;

  /** If the folder is "", nothing is marked or locked. */
  constructor(folder: string, agency: number, signal?: AbortSignal) {
    this.#folder = folder;
    this.#agency = agency;
    this.#signal = signal;
  }

  /** Marks an input as being read, which takes seconds if it is large. */
  async mark(input: unknown): Promise<void> {
    const path = this.#folder === "" ? undefined : markedPath(input);
    if (path === undefined) return;
    const mark = `${this.#name}-start-${await shortHash(path)}`;
    const text = JSON.stringify({ path, since: new Date().toISOString() });
    attempt(() => {
      createPrivateFolder(this.#folder);
      // After a power failure, too, the agency does not finish without it.
      replaceFile(mark, text, { isFlushed: true });
    });
    this.#mark = mark;
  }

  /**
   * Waits until no other run of the agency is between identifying its file and
   * its first batch: two that correct the same rows would both store them.
   */
  async takeTurn(): Promise<void> {
    if (this.#folder === "") return;
    const file = openLock(`${this.#name}-turn`);
    if (!file) return;
    this.#turn = file;
    if (attempt(() => file.tryLockSync(true))) return;
    const cancel = startRareTimer(
      () => warnOfWait(this.#agency),
      QUIET_WAIT_MS,
    );
    try {
      await orAborted(file.lock(true).catch(() => {}), this.#signal);
    } finally {
      cancel();
    }
  }

  /** Called once the input can be sent. */
  accept(): void {
    this.#isAccepted = true;
  }

  /** Called before the first batch, once the delivery has its entry. */
  end(): void {
    // In this order: the next run to get the lock must not find the mark.
    this.#unmark();
    this.endTurn();
  }

  endTurn(): void {
    this.#turn?.close();
    this.#turn = undefined;
  }

  [Symbol.dispose](): void {
    const isInterrupted = this.#isAccepted || this.#signal?.aborted;
    if (!isInterrupted) this.#unmark();
    this.endTurn();
  }

  #unmark(): void {
    const mark = this.#mark;
    if (mark !== undefined) attempt(() => Deno.removeSync(mark));
    this.#mark = undefined;
  }

  get #name(): string {
    return `${this.#folder}/agency-${this.#agency}`;
  }
}

/**
 * Other inputs that runs are reading, or were reading when they were interrupted.
 * Files that are gone by now do not count: nobody can send them.
 */
export function otherStarted(
  folder: string,
  agency: number,
  own: string = PIPE,
): OpenDelivery[] {
  const found: OpenDelivery[] = [];
  for (const { name } of attempt(() => [...Deno.readDirSync(folder)]) ?? []) {
    if (NAME_REGEXP.exec(name)?.[1] !== String(agency)) continue;
    const file = `${folder}/${name}`;
    // That run removes it with its first batch, perhaps right now.
    const start = attempt(() => JSON.parse(Deno.readTextFileSync(file)));
    if (!start || start.path === own || !isThere(start.path)) continue;
    const giveUp = () => attempt(() => Deno.removeSync(file));
    found.push({ ...start, state: "unsent", giveUp });
  }
  return found;
}

function isThere(path: string): boolean {
  return path === PIPE || attempt(() => Deno.statSync(path)) !== undefined;
}

function warnOfWait(agency: number): void {
  getLogger().warn(formatAction("connect", "in_progress", {
    client_id: agency,
    reason:
      "waiting for another run of this agency that has not sent its first batch yet",
  }));
}

/** The full path to write in a mark; `undefined` for a missing file. */
function markedPath(input: unknown): string | undefined {
  if (typeof input !== "string" || isProcessInput(input)) return PIPE;
  return attempt(() => Deno.realPathSync(input));
}
