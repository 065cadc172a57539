// The agencies, which are started again until their files are sent.

import { AgencyRun } from "./agency_run.ts";
import { IndependentClient } from "./independent_client.ts";
import { makeBetFile, type SimulatedBetFile } from "./bet_file.ts";
import type { StoredIndexes } from "./ledger.ts";
import type { World } from "./world.ts";

/** Longest pauses before an agency is started again; each run picks one. */
const MAX_PAUSES_MS = [1_000, 20_000];
/** Extra runs at once, beside each agency's own. */
const MAX_EXTRA_RUNS = 3;
/** Probability that a run starts sending a second file of its agency. */
const TWO_FILES_CHANCE = 0.1;
/** Limits an agency's files, so that it ends. */
const MAX_FILES = 12;

/** One agency: what it sends, and whether that is done. */
class Agency {
  readonly files: SimulatedBetFile[] = [];
  /** The run that is under way. */
  run: AgencyRun | undefined;
  /** Whether its files were sent completely after the last fault. */
  isDone = false;

  constructor(readonly id: number) {}
}

/** All agencies. */
export class Agencies {
  readonly #world: World;
  readonly #agencies: readonly Agency[];
  readonly #extraRuns = new Set<AgencyRun>();
  readonly #sent: { file: SimulatedBetFile; exitCode: number }[] = [];
  readonly #client: IndependentClient;
  readonly #maxPauseMs: number;
  #isCalm = false;

  constructor(world: World) {
    this.#world = world;
    this.#maxPauseMs = world.random.pick(MAX_PAUSES_MS);
    this.#agencies = Array.from(
      { length: world.agencyCount },
      (_, i) => new Agency(i + 1),
    );
    for (const agency of this.#agencies) this.#addFile(agency);
    this.#client = new IndependentClient(world, 1);
  }

  /** Whether every agency has sent its file to the end after the last fault. */
  get areDone(): boolean {
    return this.#isCalm && this.#extraRuns.size === 0 &&
      this.#agencies.every(({ isDone }) => isDone);
  }

  /** Names the agencies that are not done. */
  get unfinished(): string {
    const names = this.#agencies.filter(({ isDone }) => !isDone)
      .map(({ id }) => `agency ${id}`);
    return [...names, ...[...this.#extraRuns].map(({ name }) => name)].join();
  }

  /** Starts all agencies, each after a pause. */
  start(): void {
    for (const agency of this.#agencies) this.#startLater(agency);
    this.#client.start();
  }

  /** Ends the faults: every agency has to send its file once more. */
  finishUp(): void {
    this.#isCalm = true;
    this.#client.end();
  }

  /** Kills an agency that runs. It is started again. */
  killOne(): void {
    const running = this.#agencies.filter(({ run }) => run);
    if (running.length > 0) this.#world.random.pick(running).run!.kill();
  }

  /** Starts an agency a second time on the same file. */
  startAgain(): void {
    if (this.#extraRuns.size >= MAX_EXTRA_RUNS) return;
    const agency = this.#world.random.pick(this.#agencies);
    this.#startExtra(this.#world.random.pick(agency.files));
  }

  /** Sends another file of the same agency at the same time. */
  sendSecondFile(agency = this.#world.random.pick(this.#agencies)): void {
    if (this.#extraRuns.size >= MAX_EXTRA_RUNS) return;
    if (agency.files.length >= MAX_FILES) return;
    this.#startExtra(this.#addFile(agency));
  }

  /** Checks all files that were sent completely. */
  checkSent(stored: StoredIndexes): void {
    for (const { file, exitCode } of this.#sent) {
      const { files } = this.#agencies.find(({ id }) => id === file.agency)!;
      // It is also 2 if another file of the agency was incomplete at that time.
      const isSure = exitCode !== 2 || files.length === 1;
      this.#world.ledger.checkSent(file, isSure ? exitCode : undefined, stored);
    }
  }

  #addFile(agency: Agency): SimulatedBetFile {
    const number = agency.files.length + 1;
    const file = makeBetFile(this.#world, agency.id, number);
    agency.files.push(file);
    return file;
  }

  #startExtra(file: SimulatedBetFile): void {
    const run = new AgencyRun(this.#world, file, (exitCode) => {
      this.#extraRuns.delete(run);
      if (exitCode !== undefined) this.#sent.push({ file, exitCode });
    });
    this.#extraRuns.add(run);
    run.start();
  }

  #startLater(agency: Agency): void {
    const { loop, random } = this.#world;
    loop.schedule(undefined, random.between(1, this.#maxPauseMs), () => {
      const file = this.#nextFile(agency);
      agency.run = new AgencyRun(this.#world, file, (exitCode) => {
        agency.run = undefined;
        if (exitCode !== undefined) this.#onSent(agency, file, exitCode);
        if (!agency.isDone) this.#startLater(agency);
      }, this.#isCalm || random.happens(0.5));
      agency.run.start();
      if (this.#isCalm || !random.happens(TWO_FILES_CHANCE)) return;
      this.sendSecondFile(agency);
    });
  }

  #onSent(agency: Agency, file: SimulatedBetFile, exitCode: number): void {
    this.#sent.push({ file, exitCode });
    file.isSent = true;
    agency.isDone = this.#isCalm && agency.files.every(({ isSent }) => isSent);
  }

  /** The first unsent file. If all were sent: a new one, or any of them again. */
  #nextFile(agency: Agency): SimulatedBetFile {
    const { random, hasDraw } = this.#world;
    const next = agency.files.find(({ isSent }) => !isSent);
    if (next) return next;
    const isNew = !this.#isCalm && !hasDraw && random.happens(0.5) &&
      agency.files.length < MAX_FILES;
    return isNew ? this.#addFile(agency) : random.pick(agency.files);
  }
}
