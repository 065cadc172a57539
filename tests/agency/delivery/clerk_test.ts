import { assertEquals } from "@std/assert";
import { Agency } from "../../../client.ts";
import { ProgramError } from "../../../program/errors.ts";
import { FileStore, StorageError } from "../../../storage/mod.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { testInFolder as test } from "../../support/folder.ts";
import { Random } from "../../support/random_bets.ts";
import { listen, wrapWriters } from "../../support/served.ts";
import { readStore } from "../../support/stored.ts";

const CLERKS = 12;
const STEPS = 12;
const BAD = "17/03/1999";
const GOOD = "1999-03-17";

/**
 * A simulated clerk who corrects some rows of a random version of a file, and
 * sends them under a random name, alone or with other rows. Some runs are cut
 * off.
 */
class Clerk {
  readonly #dir: string;
  readonly #random: Random;
  readonly #versions: string[] = [];
  /** Versions that were sent to their end, and copies of refused rows. */
  readonly #known = new Set<string>();
  readonly #copies: string[] = [];
  readonly #names = new Set(["a.csv", "mine.csv", "old.csv", "-"]);
  /** Bets of the files that were accepted. */
  readonly #wanted = new Set<string>();
  #bets = 0;
  /** Batches until the central stores no more. */
  #batchesLeft = 0;
  readonly faults: string[] = [];
  readonly history: string[] = [];

  constructor(dir: string, random: Random) {
    this.#dir = dir;
    this.#random = random;
  }

  async work(): Promise<void> {
    const path = `${this.#dir}/store.csv`;
    await using store = await FileStore.open(path, { fsync: false });
    await using central = listen(wrapWriters(store, (writer) => ({
      append: async (batch) => {
        if (this.#batchesLeft-- > 0) return await writer.append(batch);
        // The last one's OK is lost, or it is not stored.
        if (batch.betIndex % 2 === 0) await writer.append(batch);
        throw new StorageError("Cannot store: cut off");
      },
      [Symbol.dispose]: () => writer[Symbol.dispose](),
    })));
    const server = `127.0.0.1:${central.port}`;
    const options = { id: 1, server, maxAmount: 1, maxAttempts: 1 };
    const agency = new Agency(options);
    await this.#send(agency, "a.csv", this.#newRows(1 + this.#random.below(9)));
    for (let step = 0; step < STEPS && this.faults.length === 0; step++) {
      if (this.#random.happens(0.2)) {
        await this.#sendNextDay(agency, `day-${step}.csv`);
        continue;
      }
      const version = this.#random.pick(this.#versions);
      const text = this.#corrected(version);
      if (this.#known.has(version)) this.#known.add(text);
      await this.#send(agency, this.#random.pick([...this.#names]), text);
    }
  }

  /** New bets by the same people, perhaps with refused rows of earlier days. */
  async #sendNextDay(agency: Agency, name: string): Promise<void> {
    const rest = this.#copies.length > 0 && this.#random.happens(0.5)
      ? this.#corrected(this.#random.pick(this.#copies))
      : "";
    const isTaken = await this.#send(agency, name, this.#newRows(8) + rest);
    if (!isTaken && rest === "") this.faults.push(`${name} was refused`);
  }

  #newRows(count: number): string {
    return Array.from({ length: count }, (_, i) => {
      const date = this.#random.happens(0.5) ? BAD : GOOD;
      return `P${i},Gil,${30000000 + i},${date},${++this.#bets}\n`;
    }).join("");
  }

  #corrected(text: string): string {
    return text.replaceAll(BAD, () => this.#random.happens(0.6) ? GOOD : BAD);
  }

  async #send(agency: Agency, name: string, text: string): Promise<boolean> {
    this.#versions.push(text);
    const bets = text.trimEnd().split("\n").map(betOf);
    // A first run with refused rows is never cut off: nobody would know which.
    const isCut = this.#random.happens(0.15) &&
      (this.#known.has(text) || !text.includes(BAD));
    this.#batchesLeft = isCut ? this.#random.below(bets.length + 1) : Infinity;
    const path = `${this.#dir}/${name}`;
    if (name !== "-") await Deno.writeTextFile(path, text);
    const bytes = new TextEncoder().encode(text);
    const input = name === "-" ? ReadableStream.from([bytes]) : path;
    try {
      const { rejectedFile, isFinished } = await agency.send(input, {
        sentFolder: `${this.#dir}/sent`,
        rejectedFile: `${path}.rejected.csv`,
      });
      this.history.push(`${name}: sent\n${text}`);
      this.#known.add(text);
      if (rejectedFile) await this.#addCopy(rejectedFile);
      await this.#check(bets, isFinished);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      this.history.push(`${name}: ${error.message}\n${text}`);
      if (this.#batchesLeft >= 0) return false;
      await this.#check(bets);
    }
    return true;
  }

  async #addCopy(path: string): Promise<void> {
    const rows = await Deno.readTextFile(path);
    this.#versions.push(rows);
    this.#known.add(rows);
    this.#copies.push(rows);
    this.#names.add(path.slice(this.#dir.length + 1));
  }

  /** Checks the store after a run that took some bets. */
  async #check(bets: readonly string[], isFinished = false): Promise<void> {
    for (const bet of bets) this.#wanted.add(bet);
    const stored = new Set<string>();
    for (const batch of await readStore(`${this.#dir}/store.csv`)) {
      for (const bet of batch.bets.map((fields) => betOf(fields.join()))) {
        if (stored.has(bet)) this.faults.push(`${bet} is stored twice`);
        stored.add(bet);
      }
    }
    const lost = this.#wanted.difference(stored);
    if (isFinished && lost.size > 0) this.faults.push(`${[...lost]} were lost`);
  }
}

function betOf(line: string): string {
  const [, , document, , number] = line.split(",");
  return `${document}#${number}`;
}

for (let seed = 1; seed <= CLERKS; seed++) {
  test(
    `send() lets a random clerk store each bet exactly once (seed ${seed})`,
    async (dir) => {
      CapturedLog.start();
      const clerk = new Clerk(await Deno.realPath(dir), new Random(seed));
      await clerk.work();
      assertEquals(clerk.faults, [], clerk.history.join("\n"));
    },
    ["net"],
  );
}
