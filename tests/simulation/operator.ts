// The central's operator, who mishandles its store: moves, replaces, cuts and
// restores its files, fills the disk, and changes its configuration. All of it
// is undone before the next start, which would only be refused.

import type { DamagedStoreError } from "../../storage/mod.ts";
import type { Disk, Inode } from "./disk.ts";
import type { World } from "./world.ts";

/** Longest time that the disk stays full. */
const MAX_FULL_MS = 60_000;
/** Longest time that one file cannot grow: it outlasts an agency's attempts. */
const MAX_LIMITED_MS = 600_000;

/** A disk writes a sector as a whole. */
const SECTOR_BYTES = 512;
/** The end of a batch: the byte where its write begins, and the CRC. */
const MARK_REGEXP = /:(\d+):[0-9a-f]{8}\n/g;

/** A start that the central has to refuse. */
export interface Trial {
  /** Why. */
  what: string;
  /** Settings that differ from the usual ones. */
  env: Readonly<Record<string, string>>;
}

/** Changes one file. Returns what puts it back. */
type Mistake = (disk: Disk, path: string) => () => void;

/** Mishandles the store. */
export class Operator {
  readonly #world: World;
  readonly #disk: Disk;
  readonly #bets: string;
  readonly #mistakes: Readonly<Record<string, Mistake>>;
  #undo: (() => void)[] = [];

  /** `bets` is the path of the bets file. */
  constructor(world: World, disk: Disk, bets: string) {
    this.#world = world;
    this.#disk = disk;
    this.#bets = bets;
    this.#mistakes = {
      moves: moveAway,
      replaces: (disk, path) => this.#replace(disk, path),
      cuts: (disk, path) => this.#cut(disk, path),
      "adds to": (disk, path) => this.#addTo(disk, path),
    };
  }

  /** Whether the store is not as the central left it. */
  get isAtWork(): boolean {
    return this.#undo.length > 0;
  }

  /** Mishandles one or both files of a running central. */
  mishandle(): void {
    const { random } = this.#world;
    const mistake = random.pick(Object.keys(this.#mistakes));
    const paths = random.pick([
      [this.#bets],
      [this.#finished],
      [this.#bets, this.#finished],
    ]);
    this.#make(`${mistake} ${paths.join(" and ")}`, () => {
      for (const path of paths) {
        this.#undo.push(this.#mistakes[mistake]!(this.#disk, path));
      }
    });
  }

  /** Fills the disk, or reaches one file's quota, and makes room later. */
  fillDisk(): void {
    const { loop, random } = this.#world;
    this.#disk.full = random.pick(["/", this.#finished]);
    const maxMs = this.#disk.full === "/" ? MAX_FULL_MS : MAX_LIMITED_MS;
    loop.schedule(undefined, random.between(1, maxMs), () => {
      this.#disk.full = undefined;
    });
  }

  /**
   * Plans a start that the central has to refuse: sometimes or, if `isSure`,
   * whenever one is possible.
   */
  planTrial(isSure: boolean): Trial | undefined {
    const { random, faults } = this.#world;
    const plans = this.#trials();
    const isPlanned = plans.length > 0 &&
      (isSure || faults.occurs("misfit", "operator"));
    if (!isPlanned) return undefined;
    const { what, env = {}, prepare = () => () => {} } = random.pick(plans);
    this.#make(what, () => this.#undo.push(prepare()));
    return { what, env };
  }

  /** Puts everything back, durably. */
  putBack(): void {
    if (!this.isAtWork) return;
    this.#world.trace.add("operator", "puts everything back");
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#disk.flushFolder(this.#bets.slice(0, this.#bets.lastIndexOf("/")));
  }

  /**
   * A flipped bit in bytes that were never flushed may look like damage. The
   * operator then cuts the file there. No acknowledged bet may be lost.
   */
  repair({ byteOffset, message }: DamagedStoreError): void {
    const { trace, ledger, loop } = this.#world;
    if (!this.#disk.hasFlippedBit) {
      ledger.broken(`the central does not start: ${message}`);
      return;
    }
    trace.count("repair");
    trace.add("operator", `cuts the store at ${byteOffset}`);
    const inode = this.#disk.find(this.#bets);
    inode.truncate(byteOffset, loop.dateMs);
    inode.beginFlush()(true);
  }

  get #finished(): string {
    return `${this.#bets}.finished`;
  }

  #make(what: string, act: () => void): void {
    this.#world.trace.add("operator", what);
    this.#world.trace.count("mistake of the operator");
    act();
  }

  #trials() {
    const { agencyCount, ledger, hasDraw, random } = this.#world;
    const [bets, finished] = [this.#bets, this.#finished].map((path) =>
      this.#disk.files.get(path)
    );
    const trials: {
      what: string;
      env?: Record<string, string>;
      prepare?: () => () => void;
    }[] = [];
    if (!bets || !finished) return trials;
    const restores = [
      [bets.bytes.length > 0, this.#finished],
      [finished.bytes.length > 0, this.#bets],
    ] as const;
    for (const [isNeeded, path] of restores) {
      if (!isNeeded) continue;
      const prepare = () => moveAway(this.#disk, path);
      trials.push({ what: `restores the store without ${path}`, prepare });
    }
    const flushed = flushedSize(bets);
    if (flushed >= SECTOR_BYTES) {
      const prepare = () => this.#loseSector(bets, flushed);
      trials.push({ what: "loses a sector of an earlier write", prepare });
    }
    if (!hasDraw) return trials;
    const setAgencies = (count: number) =>
      trials.push({
        what: `sets draw.agencies to ${count}`,
        env: { SERVER_DRAW_AGENCIES: String(count) },
      });
    if (!ledger.isDrawKnown) {
      const fewer = random.between(1, agencyCount);
      const isHalf = fewer < agencyCount && ledger.hasBetsOf(agencyCount) &&
        ledger.haveFinished(fewer);
      if (isHalf) setAgencies(fewer);
      return trials;
    }
    setAgencies(random.pick([0, agencyCount + 1, agencyCount - 1]));
    if (bets.bytes.length > 0) {
      const prepare = () => this.#cut(this.#disk, this.#bets);
      trials.push({ what: "restores bets.csv of an older time", prepare });
    }
    return trials;
  }

  #replace(disk: Disk, path: string): () => void {
    const { bytes } = disk.find(path);
    this.#overwrite(disk.create(path, this.#world.loop.dateMs), bytes);
    // The copy is as good as what it replaces.
    return () => {};
  }

  #cut(disk: Disk, path: string): () => void {
    const inode = disk.find(path);
    const before = inode.bytes.slice();
    // There is nothing to cut.
    if (before.length === 0) return this.#addTo(disk, path);
    const size = this.#world.random.below(before.length);
    inode.truncate(size, this.#world.loop.dateMs);
    return () => this.#overwrite(inode, before);
  }

  #loseSector(inode: Inode, flushed: number): () => void {
    const before = inode.bytes.slice();
    const sectors = Math.floor(flushed / SECTOR_BYTES);
    const at = this.#world.random.below(sectors) * SECTOR_BYTES;
    inode.write(at, new Uint8Array(SECTOR_BYTES), this.#world.loop.dateMs);
    return () => this.#overwrite(inode, before);
  }

  #addTo(disk: Disk, path: string): () => void {
    const inode = disk.find(path);
    const before = inode.bytes.slice();
    const text = new TextEncoder().encode("a line that no central wrote\n");
    inode.write(before.length, text, this.#world.loop.dateMs);
    return () => this.#overwrite(inode, before);
  }

  #overwrite(inode: Inode, bytes: Uint8Array): void {
    const { dateMs } = this.#world.loop;
    inode.truncate(0, dateMs);
    inode.write(0, bytes, dateMs);
    inode.beginFlush()(true);
  }
}

/**
 * The offset of the second last write. Its mark was flushed, and shows that
 * everything before it was, too (docs/storage.md). The last one may be torn.
 */
function flushedSize({ bytes }: Inode): number {
  const marks = new TextDecoder().decode(bytes).matchAll(MARK_REGEXP);
  const writes = new Set(Array.from(marks, ([, write]) => Number(write)));
  return [...writes].at(-2) ?? 0;
}

function moveAway({ files }: Disk, path: string): () => void {
  const inode = files.get(path);
  files.delete(path);
  return () => {
    if (inode) files.set(path, inode);
  };
}
