import { assertEquals, assertMatch } from "@std/assert";
import { FileStore } from "../../storage.ts";
import { exportStore } from "../../tools/export.ts";
import { batchOf } from "../support/batches.ts";
import { testInFolder } from "../support/folder.ts";
import { testPrograms } from "../support/end_to_end.ts";
import { startCentral, startProgram } from "../support/programs.ts";
import { Random, randomBets } from "../support/random_bets.ts";
import { csvRow } from "../support/rows.ts";

testInFolder(
  "exportStore() gives every bet of the store, without marks",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const store = await FileStore.open(path, { fsync: false });
    const random = new Random(3);
    let expected = "";
    for (let index = 0; index < 3_000; index += 30) {
      const bets = randomBets(random, 30);
      await store.append(batchOf(bets, index));
      for (const bet of bets) {
        const { firstName, lastName, document, birthdate, number } = bet;
        const fields = [firstName, lastName, document, birthdate, number];
        expected += `${csvRow(["1", ...fields])}\n`;
      }
    }
    await store.close();
    // What a crash leaves behind is no bet.
    await Deno.writeTextFile(path, "1,Ana,Gi", { append: true });
    assertEquals((await Array.fromAsync(exportStore(path))).join(""), expected);
  },
);

testPrograms(
  "deno task export says in one line what it cannot export",
  async (dir) => {
    await using central = await startCentral(`${dir}/bets.csv`);
    for (
      const [file, reason] of [["bets.csv", "held by"], ["x", "No such file"]]
    ) {
      await using program = startProgram("export", {}, [`${dir}/${file}`]);
      const { code, stdout, stderr } = await program.ending();
      assertEquals({ code, stdout }, { code: 1, stdout: "" });
      assertMatch(stderr, new RegExp(`^export: [^\n]*${reason}[^\n]*\n$`));
    }
    await central.stop();
  },
);
