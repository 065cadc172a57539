// One agency's files, and the entries of their deliveries.

import { assertEquals } from "@std/assert";
import { openFile } from "../../agency/delivered_file.ts";
import type { RunResult } from "../../agency/delivery/delivery.ts";
import { identify } from "../../agency/delivery/identify.ts";
import { IndexSet } from "../../agency/index_set.ts";
import { SentFolder } from "../../agency/delivery/sent_folder.ts";
import { hashOf } from "../../agency/output/output_file.ts";
import { testInFolder } from "./folder.ts";
import { csvOf, rows } from "./rows.ts";
import { assertProblem } from "./problems.ts";

export const FILE = "a.csv";
/** The copy of the refused rows of {@linkcode FILE}. */
export const COPY = "a.csv.rejected.csv";

export const ROWS = rows(6);
/** Row 2 has no document. */
export const WITH_BAD = csvOf(ROWS.with(2, ROWS[2]!.with(2, "x")));
export const CORRECTED = csvOf(ROWS);

/** A run that has sent all records but some. */
export function runOf(records: number, refused: Iterable<number>): RunResult {
  return {
    refused: IndexSet.of([...refused]),
    lacked: 0,
    records,
    end: records,
    isGivenUp: false,
  };
}

/** How a text is sent. */
export interface Sending {
  refused?: readonly number[];
  /** Text of the copy that is written. */
  copy?: string;
  /** Whether the name is that of a named pipe. */
  isPipe?: boolean;
  isNew?: boolean;
  isCut?: boolean;
  agency?: number;
  separator?: string;
}

/** What is done with a file's rows because of earlier deliveries. */
interface Treatment {
  leftOut: number[];
  /** Rows that may be stored already, so they keep their identity. */
  unsure: number[];
  /** Rows that correct refused ones. */
  brought: number[];
}

/** One agency's files, delivered without a central. */
export class Deliveries {
  /** The folder of the files, as their entries name it. */
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async in(dir: string): Promise<Deliveries> {
    return new Deliveries(await Deno.realPath(dir));
  }

  /** Registers a test that begins without files. */
  static test(name: string, fn: (files: Deliveries) => Promise<void>): void {
    testInFolder(name, async (dir) => fn(await Deliveries.in(dir)));
  }

  /** Names of the files that are still to be sent or corrected. */
  get open(): string[] {
    return this.memoryOf(1).otherOpen({ id: "" })
      .map(({ path = "-" }) => path.slice(path.lastIndexOf("/") + 1));
  }

  memoryOf(agency: number): SentFolder {
    return new SentFolder(`${this.dir}/sent`, agency);
  }

  /** Sends a text with some refused rows, and returns the delivery's identity. */
  async send(
    name: string,
    text: string,
    { refused = [], copy, isPipe, isNew, isCut, agency = 1, separator = "," }:
      Sending = {},
  ): Promise<string> {
    const path = `${this.dir}/${name}`;
    const written = Deno.writeTextFile(path, text);
    // A named pipe takes nothing until it is read.
    if (!isPipe) await written;
    using file = await openFile(path, { separator });
    await written;
    const delivery = await identify(file, this.memoryOf(agency), isNew);
    await delivery.begin();
    if (isCut) return delivery.id;
    const records = text.trimEnd().split("\n").length;
    const missing = await delivery.end(runOf(records, refused));
    if (copy !== undefined) {
      const path = `${this.dir}/${COPY}`;
      await Deno.writeTextFile(path, copy);
      await delivery.addCopy({ path, hash: await hashOf(path) }, missing);
    }
    return delivery.id;
  }

  /** Asserts that sending a text fails before anything is sent. */
  async refuses(
    name: string,
    text: string,
    message: string,
    sending?: Sending,
  ): Promise<void> {
    await assertProblem(() => this.send(name, text, sending), message);
  }

  /** Asserts what would be done with a text, without sending it. */
  async treats(
    name: string,
    text: string,
    expected: Partial<Treatment>,
    isNew?: boolean,
  ): Promise<void> {
    const path = `${this.dir}/${name}`;
    await Deno.writeTextFile(path, text);
    using file = await openFile(path, {});
    const { others } = await identify(file, this.memoryOf(1), isNew);
    assertEquals({
      leftOut: others.leftOut.values(),
      unsure: [...others.identities.keys()],
      brought: others.brought.map(({ index }) => index).toSorted(),
    }, { leftOut: [], unsure: [], brought: [], ...expected });
  }
}

/** The paths of the entries beside the files. */
export async function entriesOf(dir: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(`${dir}/sent`));
  return names.filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => `${dir}/sent/${name}`);
}
