// Sends a file as an agency that is killed at a change of its files:
// `killed_agency.ts CHANGE PORT ID FILE FOLDER`, counted from 1.

import { Agency } from "../../client.ts";

const [change, port, id, file, sentFolder] = Deno.args;
let changes = 0;

/** Kills this process before the change. */
function count(): void {
  changes++;
  if (changes === Number(change)) Deno.kill(Deno.pid, "SIGKILL");
}

const { renameSync, removeSync } = Deno;
Object.assign(Deno, {
  renameSync(...args: Parameters<typeof renameSync>): void {
    count();
    renameSync(...args);
  },
  removeSync(...args: Parameters<typeof removeSync>): void {
    count();
    removeSync(...args);
  },
});
const agency = new Agency({ id: Number(id), server: `127.0.0.1:${port}` });
await agency.send(file!, {
  sentFolder: sentFolder!,
  rejectedFile: "{file}.rejected.csv",
});
