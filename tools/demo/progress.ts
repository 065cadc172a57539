/**
 * How far the agencies have come, shown on standard error: at a terminal a bar
 * for each, elsewhere a line now and then.
 *
 * @module
 */

import { writeLine } from "../../program/logging.ts";
import type { AgencyFile } from "../agency_files.ts";
import type { Delivered } from "./lottery.ts";

/** How far one agency has come. */
export interface AgencyProgress {
  /** Number of the agency. */
  agency: number;
  /** Rows of its file. */
  bets: number;
  /** Rows answered or given up. */
  done: number;
}

/** Milliseconds between drawings of the bars. */
const DRAW_PERIOD_MS = 100;
/** Milliseconds between lines where there are no bars. */
const LINE_PERIOD_MS = 1000;
const BAR_WIDTH = 24;
const ERASE_BELOW = "\x1b[J";

/** Shows itself whenever it is told something and it is time again. */
export class Progress {
  readonly #agencies: AgencyProgress[];
  readonly #hasBars: boolean;
  #shownAt = performance.now();
  #isDrawn = false;

  /**
   * Creates the bars, not drawn yet.
   *
   * @param files The agencies' files.
   */
  constructor(files: readonly AgencyFile[]) {
    this.#agencies = files.map(({ agency, bets }) => ({
      agency,
      bets,
      done: 0,
    }));
    // What has scrolled away cannot be drawn again.
    this.#hasBars = Deno.stderr.isTerminal() &&
      files.length < Deno.consoleSize().rows;
  }

  /**
   * Takes in how far an agency has come.
   *
   * @param agency Number of the agency.
   * @param delivered How far.
   */
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
    if (this.#isDrawn) writeText(this.#toTop() + ERASE_BELOW);
  }

  #draw(): void {
    const bars = this.#agencies.map((one) => `${formatBar(one)}\n`).join("");
    writeText(this.#toTop() + ERASE_BELOW + bars);
    this.#isDrawn = true;
  }

  /** Moves the cursor to where the bars begin. */
  #toTop(): string {
    return this.#isDrawn ? `\x1b[${this.#agencies.length}A` : "";
  }
}

/**
 * The bar of an agency.
 *
 * @param progress How far it is.
 * @returns Its number, bar, part and bets, less than 80 characters.
 */
export function formatBar({ agency, bets, done }: AgencyProgress): string {
  const part = bets > 0 ? done / bets : 1;
  const bar = "#".repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, ".");
  return `agency ${agency} [${bar}] ${
    percent(part).padStart(4)
  } ${done} of ${bets} bets`;
}

/**
 * The line that stands for all agencies.
 *
 * @param agencies How far each is.
 * @returns Bets of all, and the part of them that is done.
 */
export function formatTotal(agencies: readonly AgencyProgress[]): string {
  const total = agencies.reduce((sum, { bets }) => sum + bets, 0);
  const done = agencies.reduce((sum, one) => sum + one.done, 0);
  return `${done} of ${total} bets, ${percent(total > 0 ? done / total : 1)}`;
}

function percent(part: number): string {
  return `${Math.floor(part * 100)}%`;
}

function writeText(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += Deno.stderr.writeSync(bytes.subarray(at));
  }
}
