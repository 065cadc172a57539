// Something between the store and its file that fails, stalls and takes only a
// part of what it is given, where a test says so.

import type { StoreFile } from "../../storage/held_file.ts";

/** An operation that can fail or be held. */
export type Operation = "write" | "syncData" | "truncate";

export interface Fault {
  /** Number of the operation from now on, from 1. @default {1} */
  nth?: number;
  /** Number of bytes that the failing write takes. @default {0} */
  after?: number;
  /** The error's code. @default {"EIO"} */
  code?: "EIO" | "ENOSPC";
}

export interface Gate {
  /** Resolved once the operation has been called. */
  reached: Promise<void>;
  release(): void;
}

interface PlannedFault {
  operation: Operation;
  /** Number of further operations until it fails. */
  left: number;
  after: number;
  error: Error;
}

interface PlannedGate {
  operation: Operation;
  reached: PromiseWithResolvers<void>;
  released: PromiseWithResolvers<void>;
}

const FAULT_TEXTS = {
  EIO: "Input/output error (os error 5)",
  ENOSPC: "No space left on device (os error 28)",
} as const;

/** A file that fails on demand. */
export class FaultFile implements StoreFile {
  readonly #file: StoreFile;
  readonly #faults: PlannedFault[] = [];
  readonly #gates: PlannedGate[] = [];
  /** Error of the next write, after a partial one. */
  #failure: Error | undefined;
  /** Each write, syncData and truncate in the order called. */
  readonly calls: Operation[] = [];
  /** Largest number of bytes per write. */
  maxWrite: number = Infinity;

  constructor(file: StoreFile) {
    this.#file = file;
  }

  /** Plans a fault. */
  fail(operation: Operation, fault: Fault = {}): void {
    const { nth = 1, after = 0, code = "EIO" } = fault;
    const error = Object.assign(new Error(FAULT_TEXTS[code]), { code });
    this.#faults.push({ operation, left: nth, after, error });
  }

  /** Holds the next of an operation until it is released. */
  hold(operation: Operation): Gate {
    const gate = {
      operation,
      reached: Promise.withResolvers<void>(),
      released: Promise.withResolvers<void>(),
    };
    this.#gates.push(gate);
    return {
      reached: gate.reached.promise,
      release: () => gate.released.resolve(),
    };
  }

  /** Counts the calls of an operation. */
  count(operation: Operation): number {
    return this.calls.filter((call) => call === operation).length;
  }

  /** Reads, without a fault. */
  read(into: Uint8Array): Promise<number | null> {
    return this.#file.read(into);
  }

  /** Writes some of the bytes, or fails. */
  async write(bytes: Uint8Array): Promise<number> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
    const fault = await this.#enter("write");
    if (!fault) return await this.#file.write(bytes.subarray(0, this.maxWrite));
    if (fault.after === 0) throw fault.error;
    // A system call writes a part or fails; the next one fails then.
    this.#failure = fault.error;
    const size = Math.min(fault.after, bytes.length - 1);
    return await this.#file.write(bytes.subarray(0, size));
  }

  /** Seeks, without a fault. */
  seek(offset: number | bigint, whence: Deno.SeekMode): Promise<number> {
    return this.#file.seek(offset, whence);
  }

  /** Cuts the file, or fails. */
  async truncate(size?: number): Promise<void> {
    const fault = await this.#enter("truncate");
    if (fault) throw fault.error;
    await this.#file.truncate(size);
  }

  /** Waits for the disk, or fails. */
  async syncData(): Promise<void> {
    const fault = await this.#enter("syncData");
    if (fault) throw fault.error;
    await this.#file.syncData();
  }

  /** Returns the file's state, without a fault. */
  stat(): Promise<Deno.FileInfo> {
    return this.#file.stat();
  }

  /** Like the file's. */
  findLoss(expectedSize?: number): string | undefined {
    return this.#file.findLoss(expectedSize);
  }

  /** Records the call, waits while it is held, and returns its fault. */
  async #enter(operation: Operation): Promise<PlannedFault | undefined> {
    this.calls.push(operation);
    const gate = takeFirst(this.#gates, (gate) => gate.operation === operation);
    gate?.reached.resolve();
    await gate?.released.promise;
    const faults = this.#faults.filter((fault) =>
      fault.operation === operation
    );
    for (const fault of faults) fault.left--;
    return takeFirst(
      this.#faults,
      (fault) => fault.operation === operation && fault.left <= 0,
    );
  }
}

function takeFirst<T>(list: T[], matches: (item: T) => boolean): T | undefined {
  const index = list.findIndex(matches);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}
