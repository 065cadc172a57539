// A simulated disk under a page cache. Flushed pages are durable. A power cut
// keeps, loses or tears each of the others.

import { dirname } from "node:path";
import type { Random } from "../support/random_bets.ts";
import type { Resource } from "./event_loop.ts";
import type { Faults } from "./faults.ts";
import type { Trace } from "./trace.ts";

/** A usual page. Files with smaller blocks are flushed and lost by the block. */
const PAGE_BYTES = 4096;
/** Longest flush of a fast disk. */
const FAST_FLUSH_MS = 8;
/** A disk writes sectors of this size as a whole or not at all. */
const SECTOR_BYTES = 512;
/** Outcomes for dirty pages: the same for all, or one for each. */
const FATES: readonly (readonly string[])[] = [
  ["kept"],
  ["kept", "lost", "torn"],
  ["kept", "lost", "torn"],
];

/** A file, independent of its names. */
export class Inode {
  /** What programs read. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** The durable content. */
  durable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Version of each dirty page. */
  readonly dirty: Map<number, number> = new Map();
  /** Time of the last write. */
  modifiedMs: number;
  /** The open file that holds the lock. */
  holder: Resource | undefined;
  readonly #pageBytes: number;
  #version = 0;

  constructor(readonly id: number, nowMs: number, pageBytes: number) {
    this.modifiedMs = nowMs;
    this.#pageBytes = pageBytes;
  }

  /** Writes to the page cache. */
  write(at: number, bytes: Uint8Array, nowMs: number): void {
    const end = at + bytes.length;
    if (end > this.bytes.length) this.#resize(end);
    this.bytes.set(bytes, at);
    this.#touch(at, end, nowMs);
  }

  /** Cuts the file, or fills it with zeros. */
  truncate(size: number, nowMs: number): void {
    this.#resize(size);
    const pages = Math.ceil(size / this.#pageBytes);
    for (const page of this.dirty.keys()) {
      if (page >= pages) this.dirty.delete(page);
    }
    this.#touch(Math.max(0, size - 1), size, nowMs);
  }

  /**
   * Begins a flush of everything in the cache. The returned function ends it: the
   * content at the start of the flush becomes durable. If the flush fails, it
   * never will, although the cache still shows it.
   */
  beginFlush(): (isSuccess: boolean) => void {
    const image = this.bytes.slice();
    const versions = [...this.dirty];
    return (isSuccess) => {
      for (const [page, version] of versions) {
        if (this.dirty.get(page) === version) this.dirty.delete(page);
      }
      if (isSuccess) this.#makeDurable(image, versions.map(([page]) => page));
    };
  }

  /** Loses power. */
  losePower(random: Random, trace: Trace, flipsBit: boolean): void {
    const flushed = this.durable.length;
    const fates = random.pick(FATES);
    const size = fates.length === 1 ? this.bytes.length : random.pick([
      flushed,
      this.bytes.length,
      random.between(
        Math.min(flushed, this.bytes.length),
        Math.max(flushed, this.bytes.length),
      ),
    ]);
    const left = new Uint8Array(size);
    left.set(this.durable.subarray(0, size));
    for (const page of [...this.dirty.keys()].sort((a, b) => a - b)) {
      const fate = random.pick(fates);
      trace.count(`page ${fate}`);
      const start = page * this.#pageBytes;
      const end = start + this.#pageBytes;
      for (let at = start; at < end; at += SECTOR_BYTES) {
        const isKept = fate === "kept" ||
          (fate === "torn" && random.happens(0.5));
        if (!isKept || at >= size) continue;
        left.set(
          this.bytes.subarray(at, Math.min(at + SECTOR_BYTES, size)),
          at,
        );
      }
    }
    if (flipsBit && size > flushed) {
      const at = random.between(flushed, size - 1);
      left[at]! ^= 1 << random.below(8);
      trace.add("disk", `flips a bit of byte ${at}`);
    }
    this.bytes = left;
    this.durable = left.slice();
    this.dirty.clear();
    this.holder = undefined;
  }

  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, size));
    this.bytes = bytes;
  }

  #touch(start: number, end: number, nowMs: number): void {
    this.modifiedMs = nowMs;
    this.#version++;
    const last = Math.floor(Math.max(start, end - 1) / this.#pageBytes);
    for (let page = Math.floor(start / this.#pageBytes); page <= last; page++) {
      this.dirty.set(page, this.#version);
    }
  }

  /** The pages that were dirty become durable, and the size with them. */
  #makeDurable(image: Uint8Array, pages: readonly number[]): void {
    const durable = new Uint8Array(image.length);
    durable.set(this.durable.subarray(0, image.length));
    for (const page of pages) {
      const start = page * this.#pageBytes;
      const bytes = image.subarray(start, start + this.#pageBytes);
      if (start < durable.length) durable.set(bytes, start);
    }
    this.durable = durable;
  }
}

/** The disk of one machine. */
export class Disk {
  /** The files by their paths, as programs see them. */
  readonly files: Map<string, Inode> = new Map();
  #durableNames = new Map<string, Inode>();
  #ids = 0;
  /** Whether every flush fails. */
  isBroken = false;
  /** Whether a power cut has flipped a bit and no central has opened the store since. */
  hasFlippedBit = false;
  /** No file whose path begins with this can grow. */
  full: string | undefined;

  /** A flush takes up to `maxFlushMs`. */
  constructor(
    readonly faults: Faults | undefined,
    readonly maxFlushMs: number = FAST_FLUSH_MS,
    readonly pageBytes: number = PAGE_BYTES,
  ) {}

  create(path: string, nowMs: number): Inode {
    const inode = new Inode(++this.#ids, nowMs, this.pageBytes);
    this.files.set(path, inode);
    return inode;
  }

  /**
   * Removes a file.
   *
   * @throws {Deno.errors.NotFound} If there is none.
   */
  remove(path: string): void {
    this.find(path);
    this.files.delete(path);
  }

  /**
   * Finds a file.
   *
   * @throws {Deno.errors.NotFound} If there is none.
   */
  find(path: string): Inode {
    const inode = this.files.get(path);
    if (inode) return inode;
    throw new Deno.errors.NotFound(
      `No such file or directory (os error 2): ${path}`,
    );
  }

  /** Makes the names in a folder durable. */
  flushFolder(folder: string): void {
    const others = [...this.#durableNames].filter(([path]) =>
      dirname(path) !== folder
    );
    const own = [...this.files].filter(([path]) => dirname(path) === folder);
    this.#durableNames = new Map([...others, ...own]);
  }

  /** Loses power, and some of the names that were not flushed. */
  losePower(random: Random, trace: Trace): void {
    const before = new Map(this.files);
    const paths = new Set([...before.keys(), ...this.#durableNames.keys()]);
    this.files.clear();
    for (const path of paths) {
      const [now, durable] = [before.get(path), this.#durableNames.get(path)];
      const inode = now === durable || random.happens(0.5) ? now : durable;
      if (inode !== now) trace.add("disk", `the name ${path} is as before`);
      if (!inode) continue;
      this.files.set(path, inode);
    }
    this.#durableNames = new Map(this.files);
    for (const [path, inode] of this.files) {
      const flips = inode.dirty.size > 0 && path.endsWith("/bets.csv") &&
        this.faults?.occurs("flippedBit", path) === true;
      this.hasFlippedBit ||= flips;
      inode.losePower(random, trace, flips);
    }
  }
}

/** Describes a file, with the fields that the programs use. */
export function describe(inode: Inode): Deno.FileInfo {
  return {
    isFile: true,
    isDirectory: false,
    isFifo: false,
    isSocket: false,
    size: inode.bytes.length,
    mtime: new Date(inode.modifiedMs),
    dev: 1,
    ino: inode.id,
    mode: 0o644,
  } as Deno.FileInfo;
}
