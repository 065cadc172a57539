// Replaces the system while the simulation runs: the clock, the timers, the
// files, the network and the random numbers. So the programs run unchanged.

import { createHash } from "node:crypto";
import type { SimulatedProcess } from "./event_loop.ts";
import { abortAfter } from "../support/fake_time.ts";
import { STORE_FOLDER } from "./central_host.ts";
import { describe } from "./disk.ts";
import { SimulatedFile } from "./simulated_file.ts";
import { SimulatedFolder } from "./simulated_folder.ts";
import type { World } from "./world.ts";

const CALL_MS = 0.02;
/** A process that computes takes time too. */
const MIN_TIMER_MS = 0.01;

/** Replaces what the programs take from the system. */
export function replaceSurroundings(world: World): Disposable {
  const stack = new DisposableStack();
  const replace = <T extends object>(object: T, members: Partial<T>): void => {
    for (const [name, value] of Object.entries(members)) {
      const before = Object.getOwnPropertyDescriptor(object, name);
      Object.defineProperty(object, name, {
        value,
        configurable: true,
        writable: true,
      });
      stack.defer(() => {
        if (before) Object.defineProperty(object, name, before);
        else Reflect.deleteProperty(object, name);
      });
    }
  };
  replace(Math, { random: () => world.random.below(2 ** 32) / 2 ** 32 });
  replace(Deno.stderr, { isTerminal: () => false });
  replace(performance, { now: () => world.loop.nowMs });
  replace(crypto.subtle, {
    digest: (_algorithm, bytes) => {
      const hash = createHash("sha256").update(bytes as Uint8Array).digest();
      return world.loop.operate(CALL_MS, () => new Uint8Array(hash).buffer);
    },
  });
  replace(globalThis as object, timers(world));
  replace(AbortSignal, { timeout: abortAfter });
  replace(globalThis as object, { Date: dateClass(world) });
  replace(Deno as object, { ...files(world), ...network(world) });
  replace(Deno as object, {
    env: { get: (name: string) => world.loop.current?.env.get(name) },
    pid: 1,
  });
  return stack;
}

function timers({ loop }: World): object {
  const cancels = new Map<number, () => void>();
  let lastId = 0;
  function start(
    process: SimulatedProcess | undefined,
    id: number,
    delayMs: number,
    run: () => void,
    repeats: boolean,
  ): void {
    if (process) process.timers++;
    const cancel = loop.schedule(
      process,
      Math.max(delayMs, MIN_TIMER_MS),
      () => {
        if (process) process.timers--;
        cancels.delete(id);
        if (repeats) start(process, id, delayMs, run, true);
        run();
      },
    );
    cancels.set(id, () => {
      if (process) process.timers--;
      cancel();
    });
  }
  function set(run: () => void, delayMs: number, repeats: boolean): number {
    const id = ++lastId;
    const process = loop.current;
    if (process?.isAlive !== false) start(process, id, delayMs, run, repeats);
    return id;
  }
  function clear(id: number): void {
    cancels.get(id)?.();
    cancels.delete(id);
  }
  return {
    setTimeout: (run: () => void, delayMs = 0) => set(run, delayMs, false),
    setInterval: (run: () => void, delayMs = 0) => set(run, delayMs, true),
    clearTimeout: clear,
    clearInterval: clear,
  };
}

function dateClass({ loop }: World): typeof Date {
  const RealDate = Date;
  return class extends RealDate {
    constructor(timeMs: number = loop.dateMs) {
      super(timeMs);
    }
    static override now(): number {
      return loop.dateMs;
    }
  } as typeof Date;
}

type Call = (process: SimulatedProcess, ...args: never[]) => unknown;

/** Each call, and the same one with `Sync` in its name. */
function files(world: World): object {
  const { loop } = world;
  const members = Object.entries(fileCalls(world)).flatMap(([name, call]) => [
    [name, (...args: never[]) => {
      const process = loop.current!;
      return loop.operate(CALL_MS, () => call(process, ...args));
    }],
    [`${name}Sync`, (...args: never[]) => call(loop.current!, ...args)],
  ]);
  return Object.fromEntries(members);
}

function fileCalls(world: World): Record<string, Call> {
  const { loop } = world;
  const bytesOf = (process: SimulatedProcess, path: string) =>
    world.diskOf(process).find(path).bytes;
  function write(
    process: SimulatedProcess,
    path: string,
    bytes: Uint8Array,
  ): void {
    const { files } = world.diskOf(process);
    const inode = files.get(path) ??
      world.diskOf(process).create(path, loop.dateMs);
    inode.truncate(0, loop.dateMs);
    inode.write(0, bytes, loop.dateMs);
  }
  return {
    open: (process, path: string, options?: Deno.OpenOptions) =>
      path === STORE_FOLDER || path.endsWith("/")
        ? new SimulatedFolder(world, process, path.replace(/\/$/, ""))
        : new SimulatedFile(world, process, path, options ?? { read: true }),
    stat: (process, path: string) =>
      path === STORE_FOLDER
        ? { mode: 0o700 }
        : describe(world.diskOf(process).find(path)),
    lstat: (process, path: string) =>
      describe(world.diskOf(process).find(path)),
    realPath: (_process, path: string) => path,
    mkdir: () => {},
    chmod: () => {},
    readDir: (process, folder: string) => {
      const start = `${folder}/`;
      return [...world.diskOf(process).files.keys()]
        .filter((path) => path.startsWith(start))
        .map((path) => ({ name: path.slice(start.length) }));
    },
    rename: (process, from: string, to: string) => {
      const { files } = world.diskOf(process);
      files.set(to, world.diskOf(process).find(from));
      files.delete(from);
    },
    remove: (process, path: string) => world.diskOf(process).remove(path),
    readFile: (process, path: string) => bytesOf(process, path).slice(),
    readTextFile: (process, path: string) =>
      new TextDecoder().decode(bytesOf(process, path)),
    writeFile: write,
    writeTextFile: (process, path: string, text: string) =>
      write(process, path, new TextEncoder().encode(text)),
  };
}

function network({ network }: World): object {
  return {
    listen: ({ port }: { port: number }) => network.listen(port),
    connect: ({ port, signal }: { port: number; signal?: AbortSignal }) =>
      network.connect(port, signal),
  };
}
