// Calls of the system that fail until they are disposed of.

export const FULL = "No space left on device (os error 28)";

/** Lets no file with `part` in its name be created. */
export function failWrites(part: string): Disposable {
  const { open } = Deno;
  Deno.open = (path, options) =>
    options?.createNew && String(path).includes(part)
      ? Promise.reject(systemError(FULL, "ENOSPC"))
      : open(path, options);
  return { [Symbol.dispose]: () => Deno.open = open };
}

/** Lets no file be renamed to one whose name ends so. */
export function failRename(end: string): Disposable {
  const { renameSync } = Deno;
  Deno.renameSync = (from, to) => {
    if (String(to).endsWith(end)) throw systemError(FULL, "ENOSPC");
    renameSync(from, to);
  };
  return { [Symbol.dispose]: () => void (Deno.renameSync = renameSync) };
}

/** Notes what is asked of files that are opened asynchronously, by their names. */
export function noteCalls(calls: string[]): Disposable {
  const { open } = Deno;
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    const name = String(path).replace(/^.*\//, "");
    const { sync, syncData, syncDataSync, truncate, write, writeSync } = file;
    function noted<Args extends unknown[], T>(
      call: (...args: Args) => T,
    ): (...args: Args) => T {
      return (...args) => {
        calls.push(`${call.name} ${name}`);
        return call.apply(file, args);
      };
    }
    return Object.assign(file, {
      sync: noted(sync),
      syncData: noted(syncData),
      syncDataSync: noted(syncDataSync),
      truncate: noted(truncate),
      write: noted(write),
      writeSync: noted(writeSync),
    });
  };
  return { [Symbol.dispose]: () => Deno.open = open };
}

/** Changes how files with `part` in their names take bytes asynchronously. */
export function changeWrites(
  part: string,
  change: (
    write: (bytes: Uint8Array) => Promise<number>,
    bytes: Uint8Array,
  ) => Promise<number>,
): Disposable {
  const { open } = Deno;
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    if (!String(path).includes(part)) return file;
    const write = file.write.bind(file);
    file.write = (bytes) => change(write, bytes);
    return file;
  };
  return { [Symbol.dispose]: () => Deno.open = open };
}

/** Lets no file be opened for writing. */
export function failOpen(code: string): Disposable {
  const { open, remove } = Deno;
  const refusal = () =>
    Promise.reject(systemError("Read-only file system (os error 30)", code));
  Deno.open = (path, options) =>
    options?.write || options?.append || options?.createNew
      ? refusal()
      : open(path, options);
  Deno.remove = refusal;
  return {
    [Symbol.dispose]() {
      Deno.open = open;
      Deno.remove = remove;
    },
  };
}

/** Lets no file's permissions be changed asynchronously. */
export function failChmod(): Disposable {
  const { chmod } = Deno;
  Deno.chmod = () =>
    Promise.reject(
      systemError("Operation not permitted (os error 1)", "EPERM"),
    );
  return { [Symbol.dispose]: () => Deno.chmod = chmod };
}

/** Lets every write fail as Deno says it, without a code. */
export function limitFileSize(): Disposable {
  const { write } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.write = () =>
    Promise.reject(new Error("File too large (os error 27)"));
  return { [Symbol.dispose]: () => Deno.FsFile.prototype.write = write };
}

export function systemError(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
