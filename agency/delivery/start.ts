// What a run does before its first batch, while another run of the agency must
// neither finish nor take the same rows for its own.

import { formatAction, getLogger } from "../../program/logging.ts";
import { orAborted, startRareTimer } from "../../program/timer.ts";
import { shortHash } from "../hashes.ts";
import { attempt, replaceFile } from "../output/output_file.ts";
import { isProcessInput } from "../source/input_file.ts";
import type { OpenDelivery } from "./sent_delivery.ts";

const FILE_MODE = 0o600;
const NAME_REGEXP = /^agency-(\d+)-start-[0-9a-f]+$/;
const PIPE = "-";
/** Identifying a file takes less. */
const QUIET_WAIT_MS = 1000;

/**
 * A run's start: ends with the first batch, or when it is disposed of. A
 * failure has no effect: the folder's own records report it.
 */
export class Start implements Disposable {
  readonly #folder: string;
  readonly #agency: number;
  readonly #signal: AbortSignal | undefined;
  #mark: string | undefined;
  #turn: Deno.FsFile | undefined;

  /** With the folder "" nothing is kept. */
  constructor(folder: string, agency: number, signal?: AbortSignal) {
    this.#folder = folder;
    this.#agency = agency;
    this.#signal = signal;
  }

  /** Remembers that an input is being read. Reading a large one takes seconds. */
  async mark(input: unknown): Promise<void> {
    const path = this.#folder === "" ? undefined : fullPathOf(input);
    if (path === undefined) return;
    const mark = `${this.#name}-start-${await shortHash(path)}`;
    const text = JSON.stringify({ path, since: new Date().toISOString() });
    attempt(() => {
      Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      replaceFile(mark, text);
    });
    this.#mark = mark;
  }

  /**
   * Waits until no other run of the agency is between identifying its file and
   * its first batch: two that correct the same rows would both store them.
   */
  async takeTurn(): Promise<void> {
    if (this.#folder === "") return;
    // The lock ends with the process, however that ends.
    const options = { write: true, create: true, mode: FILE_MODE };
    const file = attempt(() => Deno.openSync(`${this.#name}-turn`, options));
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

  [Symbol.dispose](): void {
    // The next run must not find the mark.
    const mark = this.#mark;
    if (mark !== undefined) attempt(() => Deno.removeSync(mark));
    this.#turn?.close();
    this.#mark = this.#turn = undefined;
  }

  get #name(): string {
    return `${this.#folder}/agency-${this.#agency}`;
  }
}

/** What else is being read, or was when its run was killed. */
export function startedBut(
  folder: string,
  agency: number,
  own: string = PIPE,
): OpenDelivery[] {
  const found: OpenDelivery[] = [];
  for (const { name } of attempt(() => [...Deno.readDirSync(folder)]) ?? []) {
    if (NAME_REGEXP.exec(name)?.[1] !== String(agency)) continue;
    const file = `${folder}/${name}`;
    // It ends when that run sends its first batch.
    const start = attempt(() => JSON.parse(Deno.readTextFileSync(file)));
    if (!start || start.path === own) continue;
    const giveUp = () => attempt(() => Deno.removeSync(file));
    found.push({ ...start, isBegun: true, giveUp });
  }
  return found;
}

function warnOfWait(agency: number): void {
  getLogger().warn(formatAction("connect", "in_progress", {
    client_id: agency,
    reason:
      "another run of this agency has not begun to send: this one waits for it",
  }));
}

/** `undefined` for a file that is not there. */
function fullPathOf(input: unknown): string | undefined {
  if (typeof input !== "string" || isProcessInput(input)) return PIPE;
  return attempt(() => Deno.realPathSync(input));
}
