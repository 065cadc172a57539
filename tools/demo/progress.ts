/**
 * Shows the agencies' progress on standard error: a bar for each at a terminal,
 * elsewhere one line per second.
 *
 * @module
 */

import { writeLine, writeText } from "../../program/logging.ts";
import type { AgencyFile } from "../agency_files.ts";
import type { Delivered } from "./lottery.ts";

/** Progress of one agency. */
export interface AgencyProgress {
  /** Number of the agency. */
  agency: number;
  /** Rows of its file. */
  bets: number;
  /** Number of rows answered or refused. */
  done: number;
}

/** Milliseconds between drawings of the bars. */
const DRAW_PERIOD_MS = 100;
/** Milliseconds between lines where there are no bars. */
const LINE_PERIOD_MS = 1000;
const BAR_WIDTH = 24;
const ERASE_BELOW = "\x1b[J";

/** Draws the progress when it changes, but not too often. */
export class Progress {
  readonly #agencies: AgencyProgress[];
  readonly #hasBars: boolean;
  #shownAt = performance.now();
  #isDrawn = false;

  /** Creates the bars without drawing them. */
  constructor(files: readonly AgencyFile[]) {
    this.#agencies = files.map(({ agency, bets }) => {
      return { agency, bets, done: 0 };
    });
    // Lines that have scrolled away cannot be redrawn.
    this.#hasBars = Deno.stderr.isTerminal() &&
      files.length < Deno.consoleSize().rows;
  }

  /** Updates the progress of an agency to what it has delivered so far. */
  update(agency: number, { sent, refused }: Delivered): void {
    const progress = this.#agencies.find((one) => one.agency === agency);
    if (progress) progress.done = sent + refused;
    const now = performance.now();
    const period = this.#hasBars ? DRAW_PERIOD_MS : LINE_PERIOD_MS;
    if (now - this.#shownAt < period) return;
    this.#shownAt = now;
    if (this.#hasBars) this.#draw();
    else writeLine(Deno.stderr, formatTotal(this.#agencies));
  }

  /** Erases the bars. */
  [Symbol.dispose](): void {
    if (this.#isDrawn) writeText(Deno.stderr, this.#toTop() + ERASE_BELOW);
    this.#isDrawn = false;
  }

  #draw(): void {
    const bars = this.#agencies.map((one) => `${formatBar(one)}\n`).join("");
    writeText(Deno.stderr, this.#toTop() + ERASE_BELOW + bars);
    this.#isDrawn = true;
  }

  /** Moves the cursor to where the bars begin. */
  #toTop(): string {
    return this.#isDrawn ? `\x1b[${this.#agencies.length}A` : "";
  }
}

/** Formats the bar of an agency, in less than 80 characters. */
export function formatBar({ agency, bets, done }: AgencyProgress): string {
  const part = bets > 0 ? done / bets : 1;
  const bar = "#".repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, ".");
  return `agency ${agency} [${bar}] ${
    percent(part).padStart(4)
  } ${done} of ${bets} bets`;
}

/** Formats the progress of all agencies together. */
export function formatTotal(agencies: readonly AgencyProgress[]): string {
  const total = agencies.reduce((sum, { bets }) => sum + bets, 0);
  const done = agencies.reduce((sum, one) => sum + one.done, 0);
  return `${done} of ${total} bets, ${percent(total > 0 ? done / total : 1)}`;
}

function percent(part: number): string {
  return `${Math.floor(part * 100)}%`;
}
