import { assertEquals } from "@std/assert";
import { Agency } from "../../client.ts";
import { FileStore } from "../../storage/mod.ts";
import { testInFolder as test } from "../support/folder.ts";
import { listen } from "../support/served.ts";

/** Two rows, valid or not as their birthdate is. */
function rowsBornOn(birthdate: string): string {
  return `Ana,Paz,11111111,${birthdate},1234\nEva,Gil,22222222,${birthdate},7\n`;
}

test(
  "send() finishes with a copy whose rows are all stored from its own copy",
  async (dir) => {
    await using store = await FileStore.open(`${dir}/store.csv`, {
      drawAgencies: 1,
    });
    await using central = listen(store);
    const agency = new Agency({ id: 1, server: `127.0.0.1:${central.port}` });
    const sentFolder = `${dir}/sent`;
    const send = (path: string, finish: "complete" | "no" = "complete") =>
      agency.send(path, {
        sentFolder,
        rejectedFile: "{file}.rejected.csv",
        finish,
      });
    const path = `${dir}/f.csv`;
    await Deno.writeTextFile(path, rowsBornOn("1990-13-01"));
    const copy = (await send(path)).rejectedFile!;
    await Deno.writeTextFile(copy, rowsBornOn("1990-14-01"));
    const second = (await send(copy)).rejectedFile!;
    await Deno.writeTextFile(second, rowsBornOn("1990-12-01"));
    assertEquals((await send(second, "no")).stored, 2);
    assertEquals((await send(copy)).isFinished, true);
    assertEquals(store.stats.bets, 2);
  },
  ["net"],
);
