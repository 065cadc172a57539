import { assertEquals, assertGreater } from "@std/assert";
import { Agency, ProgramError } from "../../client.ts";
import { exists } from "../../storage/held_file.ts";
import { FileStore } from "../../storage/mod.ts";
import { testInFolder as test } from "../support/folder.ts";
import { listen } from "../support/served.ts";

const SCRIPT = `${import.meta.dirname}/../support/killed_agency.ts`;
const GOOD = "Ana,Gil,1,1999-03-17,10\n";
const EVA = "Eva,Paz,2,1999-02-28,20\n";
/** A run makes more changes; the one that is not killed must succeed. */
const MIN_CHANGES = 5;
/** A refused row whose document and number are readable, and one without. */
const BAD_ROWS = ["Eva,Paz,2,1999-02-29,20\n", "Eva,Paz,1999\n"];

for (const bad of BAD_ROWS) {
  for (const killed of ["file", "copy"]) {
    test(
      `a ${killed} with ${bad.trim()} is stored once, at whatever change of its files the agency is killed`,
      async (dir) => {
        await using store = await FileStore.open(`${dir}/store.csv`);
        await using central = listen(store);
        let wasKilled = true;
        let change = 0;
        while (wasKilled) {
          change++;
          const id = change;
          const file = `${dir}/${id}.csv`;
          const copy = `${file}.rejected.csv`;
          const run = async (path: string, text: string) => {
            await Deno.writeTextFile(path, text);
            return await send(id, central.port, { file, path });
          };
          await Deno.writeTextFile(file, GOOD + bad);
          if (killed === "copy") {
            await run(file, GOOD + bad);
            await Deno.writeTextFile(copy, EVA);
          }
          wasKilled = await sendKilled(
            change,
            [String(central.port), String(id), killed === "copy" ? copy : file],
            `${file}-sent`,
          );
          const isThere = await exists(copy);
          if (killed === "file") {
            if (isThere) await run(copy, EVA);
            // What was cut off is sent again as it was.
            await run(file, GOOD + bad);
          }
          await run(file, GOOD + EVA);
          if (isThere) await run(copy, EVA);
          const isFinished = await run(file, GOOD + EVA);
          const bets = store.stats.agencyBets.get(id);
          assertEquals([bets, isFinished], [2, true], `change ${change}`);
        }
        assertGreater(change, MIN_CHANGES);
      },
      ["net", "run"],
    );
  }
}

/** Returns whether the agency has finished. A refusal says what else to do. */
async function send(
  id: number,
  port: number,
  { file, path }: { file: string; path: string },
): Promise<boolean | undefined> {
  const agency = new Agency({ id, server: `127.0.0.1:${port}` });
  try {
    const { isFinished } = await agency.send(path, {
      sentFolder: `${file}-sent`,
      rejectedFile: "{file}.rejected.csv",
    });
    return isFinished;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return undefined;
  }
}

async function sendKilled(
  change: number,
  args: string[],
  sentFolder: string,
): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, String(change), ...args, sentFolder],
    stdout: "null",
    stderr: "null",
  });
  const { code, signal } = await command.output();
  if (signal === null) assertEquals(code, 0);
  return signal === "SIGKILL";
}
