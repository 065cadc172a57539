// An open file on a simulated disk, with the methods of `Deno.FsFile` that the
// programs use.

import { describe, type Disk, type Inode } from "./disk.ts";
import {
  KilledError,
  type Resource,
  type SimulatedProcess,
} from "./event_loop.ts";
import { closedError, systemError } from "./system_errors.ts";
import type { World } from "./world.ts";

/** Duration of a call that need not wait for the disk. */
const CALL_MS = 0.02;
/** Coarse, as an agency may wait for minutes. */
const LOCK_POLL_MS = 50;
const MIN_FLUSH_MS = 0.2;
const MAX_SLOW_FLUSH_MS = 4000;

/** An open file. */
export class SimulatedFile implements Resource {
  /** Whether the last write took only a part because the next one fails. */
  #failsNext = false;
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #disk: Disk;
  readonly #inode: Inode;
  readonly #path: string;
  readonly #appends: boolean;
  #at = 0;
  #isOpen = true;

  /**
   * Opens a file for the running process.
   *
   * @throws {Deno.errors.NotFound} If it is not there and is not to be created.
   * @throws {Deno.errors.AlreadyExists} If it is there and must be new.
   */
  constructor(
    world: World,
    process: SimulatedProcess,
    path: string,
    options: Deno.OpenOptions,
  ) {
    this.#world = world;
    this.#process = process;
    this.#disk = world.diskOf(process);
    this.#path = path;
    this.#appends = options.append === true;
    const { files } = this.#disk;
    if (options.createNew && files.has(path)) {
      throw new Deno.errors.AlreadyExists(`File exists (os error 17): ${path}`);
    }
    const isCreated = options.create === true || options.createNew === true;
    if (isCreated && !files.has(path)) {
      this.#disk.create(path, world.loop.dateMs);
    }
    this.#inode = this.#disk.find(path);
    if (options.truncate) this.#inode.truncate(0, world.loop.dateMs);
    process.resources.add(this);
  }

  // Each of these takes time, and then does what its `Sync` form does.
  read = (into: Uint8Array) => this.#call(() => this.readSync(into));
  write = (bytes: Uint8Array) => this.#call(() => this.writeSync(bytes));
  seek = (offset: number | bigint, whence: Deno.SeekMode) =>
    this.#call(() => this.seekSync(offset, whence));
  stat = () => this.#call(() => this.statSync());
  tryLock = (isExclusive: boolean) =>
    this.#call(() => this.tryLockSync(isExclusive));
  sync = () => this.syncData();

  /** Reads at the current place. */
  readSync(into: Uint8Array): number | null {
    this.#throwIfClosed();
    const left = this.#inode.bytes.length - this.#at;
    if (left <= 0) return null;
    let size = Math.min(left, into.length);
    if (size > 1 && this.#disk.faults && this.#world.random.happens(0.05)) {
      size = this.#world.random.between(1, size);
    }
    into.set(this.#inode.bytes.subarray(this.#at, this.#at + size));
    this.#at += size;
    return size;
  }

  /** Writes some of the bytes. */
  writeSync(bytes: Uint8Array): number {
    this.#throwIfClosed();
    this.#mayDie();
    this.#throwIfFull(bytes.length);
    const { faults } = this.#disk;
    if (this.#failsNext || faults?.occurs("failedWrite", this.#path)) {
      // A system call writes a part or fails; the next one fails then.
      const part = this.#failsNext ? 0 : this.#world.random.below(bytes.length);
      this.#failsNext = part > 0;
      this.#append(bytes.subarray(0, part));
      if (part > 0) return part;
      throw systemError(this.#world.random.pick(["EIO", "ENOSPC"]));
    }
    let size = bytes.length;
    if (size > 1 && faults?.occurs("shortWrite", this.#path)) {
      size = this.#world.random.between(1, size - 1);
    }
    this.#append(bytes.subarray(0, size));
    this.#mayDie();
    return size;
  }

  /** Moves the current place, counted from the start of the file only. */
  seekSync(offset: number | bigint, whence: Deno.SeekMode): number {
    this.#throwIfClosed();
    if (whence !== Deno.SeekMode.Start) {
      throw new Error(
        "Cannot seek: the simulation does so from the start only",
      );
    }
    return this.#at = Number(offset);
  }

  truncate(size = 0): Promise<void> {
    return this.#call(() => {
      this.#throwIfClosed();
      this.#mayDie();
      const { faults, isBroken } = this.#disk;
      if (isBroken || faults?.occurs("failedTruncate", this.#path)) {
        throw systemError("EIO");
      }
      this.#world.trace.add(this.#path, `is cut to ${size} bytes`);
      this.#inode.truncate(size, this.#world.loop.dateMs);
    });
  }

  async syncData(): Promise<void> {
    this.#throwIfClosed();
    this.#mayDie();
    const { random, loop } = this.#world;
    const isSlow = this.#disk.faults?.occurs("slowFlush", this.#path);
    const endFlush = this.#inode.beginFlush();
    await loop.operate(
      random.between(
        MIN_FLUSH_MS,
        isSlow ? MAX_SLOW_FLUSH_MS : this.#disk.maxFlushMs,
      ),
      () => this.#endFlush(endFlush),
    );
  }

  syncDataSync(): void {
    this.#throwIfClosed();
    this.#endFlush(this.#inode.beginFlush());
  }

  statSync(): Deno.FileInfo {
    this.#throwIfClosed();
    return describe(this.#inode);
  }

  /** Locks the file, unless it is locked by another opening of it. */
  tryLockSync(_isExclusive: boolean): boolean {
    this.#throwIfClosed();
    if (this.#inode.holder) return false;
    this.#inode.holder = this;
    return true;
  }

  /** Waits until the file is locked. */
  async lock(isExclusive: boolean): Promise<void> {
    while (!await this.tryLock(isExclusive)) {
      await this.#world.loop.operate(LOCK_POLL_MS, () => {});
    }
  }

  /** Releases the lock, if this opening has it. */
  unlock(): Promise<void> {
    return this.#call(() => {
      this.#throwIfClosed();
      if (this.#inode.holder === this) this.#inode.holder = undefined;
    });
  }

  /** Closes the file and releases its lock. */
  close(): void {
    this.#throwIfClosed();
    this.#process.resources.delete(this);
    this.release();
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.close();
  }

  /** Closes the file of a process that has ended. */
  release(): void {
    this.#isOpen = false;
    if (this.#inode.holder === this) this.#inode.holder = undefined;
  }

  #call<T>(effect: () => T): Promise<T> {
    return this.#world.loop.operate(CALL_MS, effect);
  }

  #throwIfFull(size: number): void {
    const { full } = this.#disk;
    const grows = this.#writeAt + size > this.#inode.bytes.length;
    if (grows && full !== undefined && this.#path.startsWith(full)) {
      throw systemError("ENOSPC");
    }
  }

  get #writeAt(): number {
    return this.#appends ? this.#inode.bytes.length : this.#at;
  }

  #append(bytes: Uint8Array): void {
    const at = this.#writeAt;
    this.#world.trace.add(this.#path, `${bytes.length} bytes at ${at}`);
    this.#inode.write(at, bytes, this.#world.loop.dateMs);
    this.#at = at + bytes.length;
  }

  #endFlush(end: (isSuccess: boolean) => void): void {
    this.#mayDie("AtFlush");
    const { faults, isBroken } = this.#disk;
    if (!isBroken && !faults?.occurs("failedFlush", this.#path)) {
      end(true);
      this.#mayDie();
      return;
    }
    end(false);
    if (!isBroken && faults?.occurs("brokenDisk", this.#path)) {
      this.#world.breakDisk(this.#disk);
    }
    throw systemError("EIO");
  }

  #mayDie(place?: "AtFlush"): void {
    if (this.#disk.faults) this.#world.mayDie(this.#process, place);
  }

  #throwIfClosed(): void {
    if (!this.#process.isAlive) throw new KilledError();
    if (!this.#isOpen) throw closedError();
  }
}
