// Shows the progress of all agencies on standard error, a line per second.

import { writeLine } from "../../program/logging.ts";
import type { AgencyFile } from "../data/agency_files.ts";
import type { Delivered } from "./lottery.ts";

const PERIOD_MS = 1000;

export class Progress {
  readonly #bets: number;
  readonly #done = new Map<number, number>();
  #shownAt = performance.now();

  constructor(files: readonly AgencyFile[]) {
    this.#bets = files.reduce((sum, { bets }) => sum + bets, 0);
  }

  update(agency: number, { sent, refused }: Delivered): void {
    this.#done.set(agency, sent + refused);
    const now = performance.now();
    if (now - this.#shownAt < PERIOD_MS) return;
    this.#shownAt = now;
    const done = this.#done.values().reduce((sum, one) => sum + one, 0);
    const percent = Math.floor(100 * done / this.#bets);
    writeLine(Deno.stderr, `${done} of ${this.#bets} bets, ${percent}%`);
  }
}
