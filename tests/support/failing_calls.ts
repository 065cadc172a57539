// System calls that fail until the result is disposed of.

import { replace } from "./replaced.ts";

export const FULL = "No space left on device (os error 28)";

/** Makes creating files with `part` in their names fail. */
export function failWrites(part: string): Disposable {
  const { open } = Deno;
  return replace(Deno, {
    open: (path, options) =>
      options?.createNew && String(path).includes(part)
        ? Promise.reject(systemError(FULL, "ENOSPC"))
        : open(path, options),
  });
}

/** Makes creating files in a folder fail, as if it could only be read. */
export function failCreate(folder: string): Disposable {
  const { openSync } = Deno;
  return replace(Deno, {
    openSync(path, options): Deno.FsFile {
      if (options?.createNew && String(path).startsWith(`${folder}/`)) {
        throw systemError("Read-only file system (os error 30)", "EROFS");
      }
      return openSync(path, options);
    },
  });
}

/** Makes renaming to names with this end fail. */
export function failRename(end: string): Disposable {
  const { renameSync } = Deno;
  return replace(Deno, {
    renameSync(from, to): void {
      if (String(to).endsWith(end)) throw systemError(FULL, "ENOSPC");
      renameSync(from, to);
    },
  });
}

/** Records calls to files that are opened asynchronously, with their names. */
export function noteCalls(calls: string[]): Disposable {
  const { open } = Deno;
  return replace(Deno, {
    async open(path, options): Promise<Deno.FsFile> {
      const file = await open(path, options);
      const name = String(path).replace(/^.*\//, "");
      function noted<Args extends unknown[], T>(
        call: (...args: Args) => T,
      ): (...args: Args) => T {
        return (...args) => {
          calls.push(`${call.name} ${name}`);
          return call.apply(file, args);
        };
      }
      return Object.assign(file, {
        sync: noted(file.sync),
        syncData: noted(file.syncData),
        syncDataSync: noted(file.syncDataSync),
        truncate: noted(file.truncate),
        write: noted(file.write),
        writeSync: noted(file.writeSync),
      });
    },
  });
}

/** Changes asynchronous writes to files with `part` in their names. */
export function changeWrites(
  part: string,
  change: (
    write: (bytes: Uint8Array) => Promise<number>,
    bytes: Uint8Array,
  ) => Promise<number>,
): Disposable {
  const { open } = Deno;
  return replace(Deno, {
    async open(path, options): Promise<Deno.FsFile> {
      const file = await open(path, options);
      if (!String(path).includes(part)) return file;
      const write = file.write.bind(file);
      file.write = (bytes) => change(write, bytes);
      return file;
    },
  });
}

/** Makes opening files for writing fail. */
export function failOpen(code: string): Disposable {
  const { open } = Deno;
  const refusal = () =>
    Promise.reject(systemError("Read-only file system (os error 30)", code));
  return replace(Deno, {
    open: (path, options) =>
      options?.write || options?.append || options?.createNew
        ? refusal()
        : open(path, options),
    remove: refusal,
  });
}

/** Makes changing permissions fail. */
export function failChmod(): Disposable {
  const refusal = systemError("Operation not permitted (os error 1)", "EPERM");
  return replace(Deno, {
    chmod: () => Promise.reject(refusal),
    chmodSync(): never {
      throw refusal;
    },
  });
}

/** Lets every write fail as Deno says it, without a code. */
export function limitFileSize(): Disposable {
  return replace(Deno.FsFile.prototype, {
    write: () => Promise.reject(new Error("File too large (os error 27)")),
  });
}

export function systemError(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
