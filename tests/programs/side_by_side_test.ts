import { assertEquals, assertGreater } from "@std/assert";
import { Agency } from "../../client.ts";
import { FileStore } from "../../storage/mod.ts";
import { COPY, FILE } from "../support/desk.ts";
import { testInFolder as test } from "../support/folder.ts";
import { listen } from "../support/served.ts";
import { STOPPED, STOPPED_AGENCY } from "../support/stopped_agency.ts";

const GOOD = "Ana,Gil,1,1999-03-17,10\n";
const ROWS = [
  ["Eva,Paz,2,1999-02-29,20\n", "Eva,Paz,2,1999-02-28,20\n"],
  ["Luis,Sosa,3,1987-25-25,30\n", "Luis,Sosa,3,1987-05-25,30\n"],
  ["Ema,Diaz,4,1988-05-32,40\n", "Ema,Diaz,4,1988-05-25,40\n"],
] as const;
/** A run makes more changes. */
const MIN_CHANGES = 5;

/** A file or its copy, and the rows that are corrected in it. */
type Input = readonly [name: string, corrected: readonly number[]];

/** What is sent at once. */
const PAIRS: Record<string, [Input, Input]> = {
  "an unchanged file and its copy": [[FILE, []], [COPY, [0, 1]]],
  "a copy and its file": [[COPY, [1]], [FILE, [0]]],
};

for (const [what, [first, second]] of Object.entries(PAIRS)) {
  test(
    `each row of ${what} is stored once, at whatever change of its files the one stops while the other goes on`,
    async (dir) => {
      await using store = await FileStore.open(`${dir}/store.csv`);
      await using central = listen(store);
      let change = 0;
      for (let wasStopped = true; wasStopped;) {
        change++;
        const files = new AgencyFiles(`${dir}/${change}`, change, central.port);
        await files.send([FILE, []]);
        const one = await files.start(first, change);
        wasStopped = await one.stops;
        const other = await files.start(second, 0);
        // It has ended, or waits for the first one.
        await other.stops;
        await one.goOn();
        await other.goOn();
        const isFinished = await files.correctAll();
        const bets = store.stats.agencyBets.get(change);
        assertEquals([bets, isFinished], [4, true], `change ${change}`);
      }
      assertGreater(change, MIN_CHANGES);
    },
    ["net", "run"],
  );
}

function textOf([name, corrected]: Input): string {
  const rows = ROWS.map(([bad, good], row) =>
    corrected.includes(row) ? good : bad
  );
  return (name === FILE ? GOOD : "") + rows.join("");
}

/** One agency's files. */
class AgencyFiles {
  readonly #dir: string;
  readonly #id: number;
  readonly #port: number;

  constructor(dir: string, id: number, port: number) {
    Deno.mkdirSync(dir);
    this.#dir = dir;
    this.#id = id;
    this.#port = port;
  }

  async send(input: Input): Promise<boolean | undefined> {
    return await this.#send(input[0], textOf(input));
  }

  async #send(name: string, text: string): Promise<boolean | undefined> {
    const path = `${this.#dir}/${name}`;
    await Deno.writeTextFile(path, text);
    const agency = new Agency({
      id: this.#id,
      server: `127.0.0.1:${this.#port}`,
    });
    const { isFinished } = await agency.send(path, {
      sentFolder: `${this.#dir}/sent`,
      rejectedFile: "{file}.rejected.csv",
    });
    return isFinished;
  }

  /** Starts a run that stops at a change. */
  async start(input: Input, change: number): Promise<HeldRun> {
    const path = `${this.#dir}/${input[0]}`;
    await Deno.writeTextFile(path, textOf(input));
    const numbers = [change, this.#port, this.#id].map(String);
    return new HeldRun(["hold", ...numbers, path, `${this.#dir}/sent`]);
  }

  /** Corrects all rows in all copies, and in the file. */
  async correctAll(): Promise<boolean | undefined> {
    await this.send([FILE, [0, 1, 2]]);
    for (const { name } of [...Deno.readDirSync(this.#dir)]) {
      if (!name.includes(".rejected")) continue;
      let text = await Deno.readTextFile(`${this.#dir}/${name}`);
      for (const [bad, good] of ROWS) text = text.replace(bad, good);
      await this.#send(name, text);
    }
    return await this.send([FILE, [0, 1, 2]]);
  }
}

class HeldRun {
  readonly #process: Deno.ChildProcess;
  /** Whether it has stopped, or has to wait; false if it has ended. */
  readonly stops: Promise<boolean>;
  readonly #output: Promise<void>;

  constructor(args: string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", STOPPED_AGENCY, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.stops = promise;
    this.#output = this.#read(resolve);
  }

  async #read(onStop: (stops: boolean) => void): Promise<void> {
    let text = "";
    const output = this.#process.stdout.pipeThrough(new TextDecoderStream());
    for await (const part of output) {
      text += part;
      if (text.includes(STOPPED)) onStop(true);
    }
    onStop(false);
  }

  async goOn(): Promise<void> {
    await this.#process.stdin.close();
    await this.#output;
    // It may say that the other run has replaced its file.
    assertEquals((await this.#process.status).signal, null);
  }
}
