// Sends a file as an agency that stops at a change of its files:
// `stopped_agency.ts HOW CHANGE PORT ID FILE FOLDER`. The changes count from 1; at
// 0 it does not stop. HOW is `kill`, or `hold`: then it writes {@linkcode STOPPED}
// and goes on once it can read a byte. If it has to wait for another run, it writes
// that, too.

import { Agency } from "../../client.ts";
import { replace } from "./replaced.ts";

/** The path of this program. */
export const STOPPED_AGENCY = import.meta.filename!;
/** What it writes when it stops or has to wait. */
export const STOPPED = "stopped\n";

/** Stops this process before the change. */
function stopAt(change: number, how: string): Disposable {
  let changes = 0;
  const count = () => {
    if (++changes !== change) return;
    if (how === "kill") Deno.kill(Deno.pid, "SIGKILL");
    noteStop();
    Deno.stdin.readSync(new Uint8Array(1));
  };
  const { renameSync, removeSync } = Deno;
  return replace(Deno, {
    renameSync(...args): void {
      count();
      renameSync(...args);
    },
    removeSync(...args): void {
      count();
      removeSync(...args);
    },
  });
}

function noteWaits(): Disposable {
  const { lock, lockSync } = Deno.FsFile.prototype;
  return replace(Deno.FsFile.prototype, {
    lockSync(this: Deno.FsFile, exclusive): void {
      if (this.tryLockSync(exclusive)) return;
      noteStop();
      lockSync.call(this, exclusive);
    },
    lock(this: Deno.FsFile, exclusive): Promise<void> {
      noteStop();
      return lock.call(this, exclusive);
    },
  });
}

function noteStop(): void {
  Deno.stdout.writeSync(new TextEncoder().encode(STOPPED));
}

if (import.meta.main) {
  const [how, change, port, id, file, sentFolder] = Deno.args;
  using _changes = stopAt(Number(change), how!);
  using _waits = noteWaits();
  const agency = new Agency({ id: Number(id), server: `127.0.0.1:${port}` });
  await agency.send(file!, {
    sentFolder: sentFolder!,
    rejectedFile: "{file}.rejected.csv",
  });
}
