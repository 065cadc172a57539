import { assertEquals } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { identify } from "../../../agency/delivery/identify.ts";
import { IndexSet } from "../../../agency/index_set.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { RejectedFile } from "../../../agency/output/rejected_file.ts";
import { ProgramError } from "../../../program/errors.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { runOf } from "../../support/deliveries.ts";
import { testInFolder as test } from "../../support/folder.ts";
import { Random } from "../../support/random_bets.ts";

const CLERKS = 12;
const STEPS = 12;
const BAD = "17/03/1999";
const GOOD = "1999-03-17";
const NAMES = ["a.csv", "mine.csv", "old.csv", "-"];

/**
 * A simulated clerk who corrects some rows of a random version of a file, and
 * sends them under a random name, alone or with other rows. Some runs are cut
 * off.
 */
class Clerk {
  readonly #dir: string;
  readonly #random: Random;
  /** The identities under which each bet is stored, by document and number. */
  readonly #identities = new Map<string, Set<string>>();
  /** Bets of the files that were accepted. */
  readonly #wanted = new Set<string>();
  readonly #versions: string[] = [];
  readonly #names = new Set(NAMES);
  #bets = 0;
  #last = "";
  readonly faults: string[] = [];
  readonly history: string[] = [];

  constructor(dir: string, random: Random) {
    this.#dir = dir;
    this.#random = random;
  }

  async work(): Promise<void> {
    await this.#send("a.csv", this.#newRows(this.#random.between(1, 12)));
    for (let step = 0; step < STEPS && this.faults.length === 0; step++) {
      if (this.#random.happens(0.2)) {
        await this.#sendNextDay(`day-${step}.csv`);
        continue;
      }
      const text = this.#corrected(this.#random.pick(this.#versions));
      await this.#send(this.#random.pick([...this.#names]), text);
    }
  }

  /** New bets by the same people, perhaps with refused rows of earlier days. */
  async #sendNextDay(name: string): Promise<void> {
    const copies = this.#versions.filter((text) => this.#copies.has(text));
    const rest = copies.length > 0 && this.#random.happens(0.5)
      ? this.#corrected(this.#random.pick(copies))
      : "";
    const isTaken = await this.#send(name, this.#newRows(8) + rest);
    if (!isTaken && rest === "") this.faults.push(`${name} was refused`);
  }

  readonly #copies = new Set<string>();

  #newRows(count: number): string {
    return Array.from({ length: count }, (_, i) => {
      const date = this.#random.happens(0.5) ? BAD : GOOD;
      return `P${i},Gil,${30000000 + i},${date},${++this.#bets}\n`;
    }).join("");
  }

  #corrected(text: string): string {
    return text.replaceAll(BAD, () => this.#random.happens(0.6) ? GOOD : BAD);
  }

  async #send(name: string, text: string): Promise<boolean> {
    const path = `${this.#dir}/${name}`;
    if (name !== "-") await Deno.writeTextFile(path, text);
    this.#versions.push(text);
    let isTaken = true;
    try {
      await this.#deliver(name === "-" ? this.#pipe(text) : path, text);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      this.#last = error.message;
      isTaken = false;
    }
    this.history.push(`${name}: ${this.#last}\n${text}`);
    return isTaken;
  }

  #pipe(text: string): ReadableStream<Uint8Array> {
    return ReadableStream.from([new TextEncoder().encode(text)]);
  }

  async #deliver(
    input: string | ReadableStream<Uint8Array>,
    text: string,
  ): Promise<void> {
    using file = await openFile(input, {});
    const folder = new SentFolder(`${this.#dir}/sent`, 1);
    const delivery = await identify(file, folder);
    const { others } = delivery;
    await delivery.begin();
    const lines = text.trimEnd().split("\n");
    for (const line of lines) this.#wanted.add(betOf(line));
    const refused = new IndexSet();
    // A first run with refused rows is never cut off: nobody would know which.
    const isCut = this.#random.happens(0.15) &&
      (delivery.sentBefore !== undefined || !text.includes(BAD) ||
        file.source.path.endsWith(".rejected.csv"));
    const end = isCut ? this.#random.below(lines.length + 1) : lines.length;
    for (const [index, line] of lines.slice(0, end).entries()) {
      if (others.leftOut.has(index)) continue;
      const identity = others.identities.get(index) ?? [delivery.id, index];
      if (line.includes(BAD)) refused.add(index);
      else this.#store(identity.join(":"), betOf(line));
    }
    const left = others.leftOut.format();
    this.#last = `sent as ${delivery.id} without ${left}${
      isCut ? `, cut off at ${end}` : ""
    }`;
    if (isCut) return;
    const run = runOf(lines.length, refused.values());
    const missing = await delivery.end(run);
    const base = typeof input === "string" ? input : `${this.#dir}/pipe.csv`;
    const rejected = new RejectedFile(`${base}.rejected.csv`, file);
    const copy = await rejected.write(
      missing,
      folder.copiesOf(delivery.id),
      (copy) => delivery.addCopy(copy, missing),
    );
    if (copy) {
      const rows = await Deno.readTextFile(copy.path);
      this.#versions.push(rows);
      this.#copies.add(rows);
      this.#names.add(copy.path.slice(this.#dir.length + 1));
    }
    const isFinished = missing.size === 0 &&
      folder.otherOpen(delivery).length === 0;
    if (isFinished) this.#checkAllStored();
  }

  #store(identity: string, bet: string): void {
    const identities = this.#identities.get(bet) ?? new Set();
    identities.add(identity);
    this.#identities.set(bet, identities);
    if (identities.size > 1) this.faults.push(`${bet} is stored twice`);
  }

  #checkAllStored(): void {
    for (const bet of this.#wanted) {
      if (!this.#identities.has(bet)) this.faults.push(`${bet} was lost`);
    }
  }
}

function betOf(line: string): string {
  const [, , document, , number] = line.split(",");
  return `${document}#${number}`;
}

test("identify() lets random clerks store each bet exactly once", async (dir) => {
  CapturedLog.start();
  for (let i = 0; i < CLERKS; i++) {
    const seed = i + 1;
    const folder = `${dir}/${i}`;
    await Deno.mkdir(folder);
    const clerk = new Clerk(await Deno.realPath(folder), new Random(seed));
    await clerk.work();
    assertEquals(clerk.faults, [], `seed ${seed}\n${clerk.history.join("\n")}`);
  }
});
