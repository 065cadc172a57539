import { assertEquals, assertGreater } from "@std/assert";
import { Agency, ProgramError } from "../../client.ts";
import { exists } from "../../storage/held_file.ts";
import { FileStore } from "../../storage/mod.ts";
import { testInFolder as test } from "../support/folder.ts";
import { listen } from "../support/served.ts";
import { STOPPED_AGENCY } from "../support/stopped_agency.ts";

const GOOD = "Ana,Gil,1,1999-03-17,10\n";
const ROSA = "Rosa,Luna,5,1970-01-01,50\n";
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

test(
  "an agency does not finish without the rows of a copy, at whatever change of its files that was killed",
  async (dir) => {
    await using store = await FileStore.open(`${dir}/store.csv`);
    await using central = listen(store);
    let wasKilled = true;
    let id = 1;
    for (; wasKilled; id++) {
      const file = `${dir}/${id}.csv`;
      const copy = `${file}.rejected.csv`;
      const run = async (path: string, text: string) => {
        await Deno.writeTextFile(path, text);
        return await send(id, central.port, { file, path });
      };
      await run(file, GOOD + BAD_ROWS[0]!);
      await Deno.writeTextFile(copy, EVA);
      const args = [String(central.port), String(id), copy];
      wasKilled = await sendKilled(id, args, `${file}-sent`);
      // It is refused before its first batch.
      await run(copy, EVA + "Juan,Roca,3,1980-01-31,30\n");
      const isFinished = await run(`${dir}/last-${id}.csv`, ROSA);
      const isStored = store.stats.agencyBets.get(id) === 3;
      if (isFinished) assertEquals(isStored, true, `change ${id}`);
      await run(copy, EVA);
      assertEquals(await run(file, GOOD + EVA), true, `change ${id}`);
    }
    assertGreater(id, MIN_CHANGES);
  },
  ["net", "run"],
);

test(
  "a file without a good row can be corrected, at whatever change of its files the agency is killed",
  async (dir) => {
    await using store = await FileStore.open(`${dir}/store.csv`);
    await using central = listen(store);
    const bad = BAD_ROWS[0]!;
    let wasKilled = true;
    let id = 1;
    for (; wasKilled; id++) {
      const file = `${dir}/${id}.csv`;
      const run = async (text: string) => {
        await Deno.writeTextFile(file, text);
        return await send(id, central.port, { file, path: file });
      };
      await Deno.writeTextFile(file, bad);
      const args = [String(central.port), String(id), file];
      wasKilled = await sendKilled(id, args, `${file}-sent`);
      if (await run(EVA) === undefined) {
        // It asks for the file as it was.
        await run(bad);
        await run(EVA);
      }
      const isFinished = await run(EVA);
      const bets = store.stats.agencyBets.get(id);
      assertEquals([bets, isFinished], [1, true], `change ${id}`);
    }
    assertGreater(id, MIN_CHANGES);
  },
  ["net", "run"],
);

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
    args: [
      ...["run", "-A", STOPPED_AGENCY, "kill", String(change)],
      ...args,
      sentFolder,
    ],
    stdout: "null",
    stderr: "null",
  });
  const { code, signal } = await command.output();
  if (signal === null) assertEquals(code, 0);
  return signal === "SIGKILL";
}
