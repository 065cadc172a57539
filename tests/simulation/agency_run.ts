// One run of the agency's program on one file.

import { readConfig } from "../../program/config/config.ts";
import { ProgramError } from "../../program/errors.ts";
import { runAgency } from "../../client.ts";
import { Attempts } from "./attempts.ts";
import { editFile, isEditable, type SimulatedBetFile } from "./bet_file.ts";
import { CENTRAL_PORT } from "./central_host.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { World } from "./world.ts";
// Modules that agencies import on demand. To read one takes real time, and the
// simulation would go on without the agency.
import "../../agency/bets_csv.ts";
import "../../agency/connection/winners_query.ts";
import "../../agency/delivery/known_file.ts";

/** Called with a run's exit code, 0 or 2, or `undefined` if it failed. */
export type OnEnd = (exitCode: number | undefined) => void;

/**
 * Attempts of a patient agency: their waits outlast a run. With a million, which
 * it may have, each failure would take 17 ms to sum up the waits that are left.
 */
const PATIENT_ATTEMPTS = 1_000;
/** The program may give up once its attempts are used up. */
const GIVES_UP = "Cannot reach the central";
/** It must give up if its file was edited. */
const EDITED_REGEXP = /^Cannot (?:finish sending|send) agency's file/;

/** A run of the agency's program. */
export class AgencyRun {
  readonly #world: World;
  /** What is sent. */
  readonly file: SimulatedBetFile;
  readonly #onEnd: OnEnd;
  readonly #process: SimulatedProcess;
  readonly #attempts: Attempts;
  #restoreFile = (): void => {};

  constructor(
    world: World,
    file: SimulatedBetFile,
    onEnd: OnEnd,
    isPatient = false,
  ) {
    this.#world = world;
    this.file = file;
    this.#onEnd = onEnd;
    const { random, ledger } = world;
    const maxAttempts = isPatient ? PATIENT_ATTEMPTS : random.pick([3, 20]);
    this.#attempts = new Attempts(maxAttempts);
    // Small windows leave rows to read when a large file is edited.
    const [amounts, windows] = file.isLarge
      ? [[1, 5, 20], [1, 3]]
      : [[1, 5, 20, 150], [1, 3, 16]];
    this.#process = new SimulatedProcess(
      `agency${file.agency}#${random.below(10_000)}`,
      `agency${file.agency}`,
      random,
      {
        CLI_ID: String(file.agency),
        CLI_AGENCY_FILE: file.path,
        CLI_SERVER_ADDRESS: `central:${CENTRAL_PORT}`,
        CLI_BATCH_MAXAMOUNT: String(random.pick(amounts)),
        CLI_BATCH_WINDOW: String(random.pick(windows)),
        CLI_RETRY_MAXATTEMPTS: String(maxAttempts),
        CLI_RETRY_REPLYTIMEOUT: random.pick(["2s", "10s", "60s"]),
        CLI_DRAW_AWAIT: String(world.hasDraw),
      },
    );
    this.#process.createTap = () =>
      ledger.tap(this.name, {
        attempts: this.#attempts,
        onStored: () => this.#mayEdit(),
      });
    this.#process.onConnect = () => {
      if (this.#attempts.add()) return;
      ledger.broken(`${this.name} tries more often than ${maxAttempts} times`);
    };
  }

  /** For the trace. */
  get name(): string {
    return this.#process.name;
  }

  start(): void {
    const process = this.#process;
    const config = readConfig({
      program: "client",
      document: null,
      file: "",
      env: (name) => process.env.get(name),
    });
    const { signal } = new AbortController();
    this.#world.trace.add(this.name, `starts on ${this.file.path}`);
    this.#world.loop.schedule(process, 0, () => {
      // An agency with bad rows would hold up the draw.
      const flags = this.#world.hasDraw ? { "finish-anyway": "true" } : {};
      runAgency({ config, signal, flags }).then(
        (exitCode) => this.#end(exitCode),
        (error) => this.#fail(error),
      );
    });
  }

  kill(): void {
    this.#world.trace.add(this.name, "is killed");
    this.#end(undefined);
  }

  /** May edit the file once some bets are stored, while the rest is sent. */
  #mayEdit(): void {
    const { file } = this;
    const isEdited = isEditable(file) &&
      this.#world.faults.occurs("edit", "owner");
    if (isEdited) this.#restoreFile = editFile(this.#world, file);
  }

  #fail(error: unknown): void {
    if (!this.#process.isAlive) return;
    if (!(error instanceof ProgramError)) this.#world.fail(error);
    else if (!this.#isExpected(error)) {
      this.#world.ledger.broken(`${this.name} gives up: ${error.message}`);
    }
    this.#end(undefined);
  }

  #isExpected({ message }: ProgramError): boolean {
    return message.startsWith(GIVES_UP) && this.#attempts.areUsedUp ||
      this.file.isEdited && EDITED_REGEXP.test(message);
  }

  #end(exitCode: number | undefined): void {
    if (!this.#process.isAlive) return;
    this.#world.trace.add(this.name, `ends with ${exitCode}`);
    if (exitCode !== undefined) {
      this.#world.ledger.checkLeftovers(this.#process);
    }
    this.#process.end();
    this.#restoreFile();
    this.#onEnd(exitCode);
  }
}
