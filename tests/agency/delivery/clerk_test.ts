import { assertEquals } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { Delivery } from "../../../agency/delivery/delivery.ts";
import { IndexSet } from "../../../agency/delivery/index_set.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { RejectedFile } from "../../../agency/output/rejected_file.ts";
import { ProgramError } from "../../../program/errors.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { testInFolder } from "../../support/folder.ts";
import { Random } from "../../support/random_bets.ts";

const CLERKS = 8;
const STEPS = 12;
const BAD = "17/03/1999";
const GOOD = "1999-03-17";
const NAMES = ["a.csv", "mine.csv", "old.csv", "-"];

/**
 * A clerk who corrects some rows of any version, and sends them under any name.
 * Some runs are cut off.
 */
class Clerk {
  readonly #dir: string;
  readonly #random: Random;
  /** Where each person's bet is stored. */
  readonly #stored = new Map<string, string>();
  readonly #places = new Map<string, Set<string>>();
  readonly #versions: string[] = [];
  readonly #names = new Set(NAMES);
  #last = "";
  readonly history: string[] = [];

  constructor(dir: string, random: Random) {
    this.#dir = dir;
    this.#random = random;
  }

  async work(): Promise<void> {
    const count = this.#random.between(1, 12);
    const text = Array.from(
      { length: count },
      (_, i) =>
        `P${i},Gil,${30000000 + this.#random.below(1e6) * 50 + i},${
          this.#random.happens(0.5) ? BAD : GOOD
        },${i}\n`,
    ).join("");
    this.#versions.push(text);
    await this.#send("a.csv", text);
    for (let step = 0; step < STEPS && this.twice.length === 0; step++) {
      const version = this.#random.pick(this.#versions);
      const corrected = version.replaceAll(
        BAD,
        () => this.#random.happens(0.6) ? GOOD : BAD,
      );
      await this.#send(this.#random.pick([...this.#names]), corrected);
    }
  }

  get twice(): string[] {
    return [...this.#places].filter(([, keys]) => keys.size > 1)
      .map(([person]) => person);
  }

  async #send(name: string, text: string): Promise<void> {
    const path = `${this.#dir}/${name}`;
    if (name !== "-") await Deno.writeTextFile(path, text);
    this.#versions.push(text);
    try {
      await this.#deliver(name === "-" ? this.#pipe(text) : path, text);
      this.history.push(`${name}: ${this.#last}\n${text}`);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      this.history.push(`${name}: ${error.message}\n${text}`);
    }
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
    const delivery = await Delivery.identify(file, folder);
    await delivery.begin();
    const lines = text.trimEnd().split("\n");
    const refused = new IndexSet();
    const isCut = this.#random.happens(0.15);
    const end = isCut ? this.#random.below(lines.length + 1) : lines.length;
    let isNew = false;
    for (const [index, line] of lines.slice(0, end).entries()) {
      if (line.includes(BAD)) refused.add(index);
      else isNew = this.#store(`${delivery.id}:${index}`, line) || isNew;
    }
    this.#last = `sent as ${delivery.id}${isCut ? `, cut off at ${end}` : ""}`;
    if (isCut) return;
    const missing = isNew ? refused : delivery.missing(refused);
    if (missing.size < refused.size) await delivery.keep();
    else await delivery.complete(lines.length, missing);
    const base = typeof input === "string" ? input : `${this.#dir}/pipe.csv`;
    const rejected = new RejectedFile(`${base}.rejected.csv`, file);
    const copy = await rejected.write(missing, delivery.written);
    if (!copy) return;
    await delivery.addCopy(copy);
    this.#versions.push(await Deno.readTextFile(copy.path));
    this.#names.add(copy.path.slice(this.#dir.length + 1));
  }

  #store(key: string, line: string): boolean {
    if (this.#stored.has(key)) return false;
    this.#stored.set(key, line);
    const person = line.split(",")[0]!;
    const keys = this.#places.get(person) ?? new Set();
    keys.add(key);
    this.#places.set(person, keys);
    return true;
  }
}

testInFolder(
  "no clerk stores a row twice, whatever is corrected and sent",
  async (dir) => {
    CapturedLog.start();
    for (let i = 0; i < CLERKS; i++) {
      const seed = i + 1;
      const folder = `${dir}/${i}`;
      await Deno.mkdir(folder);
      const clerk = new Clerk(await Deno.realPath(folder), new Random(seed));
      await clerk.work();
      assertEquals(
        clerk.twice,
        [],
        `seed ${seed}\n${clerk.history.join("\n")}`,
      );
    }
  },
);
