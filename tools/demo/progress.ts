// Shows the agencies' progress on standard error: a bar for each at a terminal,
// elsewhere one line per second.

import { writeLine, writeText } from "../../program/logging.ts";
import type { AgencyFile } from "../data/agency_files.ts";
import type { Delivered } from "./lottery.ts";

export interface AgencyProgress {
  agency: number;
  bets: number;
  /** Rows answered or refused. */
  done: number;
}

/** Time between drawings of the bars. */
const DRAW_PERIOD_MS = 100;
/** Time between lines where there are no bars. */
const LINE_PERIOD_MS = 1000;
const BAR_WIDTH = 24;
const ERASE_BELOW = "\x1b[J";

/** Draws the progress when it changes, at most once per period. */
export class Progress {
  readonly #agencies: AgencyProgress[];
  readonly #hasBars: boolean;
  #shownAt = performance.now();
  #isDrawn = false;

  constructor(files: readonly AgencyFile[]) {
    this.#agencies = files.map(({ agency, bets }) => {
      return { agency, bets, done: 0 };
    });
    // Lines that have scrolled away cannot be redrawn.
    this.#hasBars = Deno.stderr.isTerminal() &&
      files.length < Deno.consoleSize().rows;
  }

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

  [Symbol.dispose](): void {
    if (this.#isDrawn) writeText(Deno.stderr, this.#toTop() + ERASE_BELOW);
    this.#isDrawn = false;
  }

  #draw(): void {
    const bars = this.#agencies.map((one) => `${formatBar(one)}\n`).join("");
    writeText(Deno.stderr, this.#toTop() + ERASE_BELOW + bars);
    this.#isDrawn = true;
  }

  #toTop(): string {
    return this.#isDrawn ? `\x1b[${this.#agencies.length}A` : "";
  }
}

/** At most 79 characters. */
export function formatBar({ agency, bets, done }: AgencyProgress): string {
  const part = bets > 0 ? done / bets : 1;
  const bar = "#".repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, ".");
  return `agency ${agency} [${bar}] ${
    percent(part).padStart(4)
  } ${done} of ${bets} bets`;
}

export function formatTotal(agencies: readonly AgencyProgress[]): string {
  const total = agencies.reduce((sum, { bets }) => sum + bets, 0);
  const done = agencies.reduce((sum, one) => sum + one.done, 0);
  return `${done} of ${total} bets, ${percent(total > 0 ? done / total : 1)}`;
}

function percent(part: number): string {
  return `${Math.floor(part * 100)}%`;
}
