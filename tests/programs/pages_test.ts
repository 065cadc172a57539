import { assertEquals } from "@std/assert";
import drawPage from "../../docs/draw.md" with { type: "text" };
import spanishDrawPage from "../../docs/es/draw.md" with { type: "text" };
import spanishRowsPage from "../../docs/es/refused-rows.md" with {
  type: "text",
};
import rowsPage from "../../docs/refused-rows.md" with { type: "text" };
import {
  assertEnding,
  type RunningProgram,
  startCentral,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";
import { fencedBlocks } from "../support/markdown.ts";

const FILE = "agency-1.csv";
const DATE_REGEXP = /2\d{3}-\d\d-\d\dT[\d:.]+Z/;

/** Starts an agency as a page's command does, on a file in the folder. */
function startAs(command: string, dir: string, port: number): RunningProgram {
  const args = command.trim().split(" ").slice(3);
  return startProgram(
    "client",
    { CLI_SERVER_ADDRESS: `127.0.0.1:${port}` },
    args.map((arg) => /\.(csv|txt)$/.test(arg) ? `${dir}/${arg}` : arg),
  );
}

for (const [name, page] of Object.entries({ rowsPage, spanishRowsPage })) {
  test(`${name}'s example does what it says`, async (dir) => {
    const blocks = fencedBlocks(page);
    const put = (info: string) =>
      Deno.writeTextFile(`${dir}/${FILE}`, blocks.get(info)!);
    await using central = await startCentral(`${dir}/bets.csv`);
    const run = (info: string) =>
      startAs(blocks.get(info)!, dir, central.port).ending();
    await put(`csv ${FILE}`);
    assertEnding(await run("sh first"), 2);
    const rows = blocks.get(`csv ${FILE}`)!.split("\n");
    assertEquals(
      await Deno.readTextFile(`${dir}/${FILE}.rejected.csv`),
      `${rows[1]}\n${rows[3]}\n`,
    );

    await put(`csv corrected ${FILE}`);
    const lines = assertEnding(await run("sh second"), 0);
    const summary = lines.at(-1)!.replace(`${dir}/`, "");
    assertEquals(
      summary.replace(/^INFO /, ""),
      blocks.get("log second")!.trim(),
    );

    await put(`csv changed ${FILE}`);
    const { code, stderr } = await run("sh second");
    assertEquals(code, 1);
    assertEquals(
      stderr.replace(`${dir}/`, "").replace(DATE_REGEXP, "then"),
      blocks.get("text changed")!.replace(DATE_REGEXP, "then"),
    );
    assertEnding(await run("sh new"), 0);
  });
}

for (const [name, page] of Object.entries({ drawPage, spanishDrawPage })) {
  test(`${name}'s example does what it says`, async (dir) => {
    const blocks = fencedBlocks(page);
    const bets = blocks.get(`csv ${FILE}`)!;
    await using central = await startCentral(`${dir}/bets.csv`, {
      SERVER_DRAW_AGENCIES: "1",
    });
    const run = (command: string) =>
      startAs(command, dir, central.port).ending();
    const [monday = "", tuesday = ""] = blocks.get("sh files")!.split("\n");
    await Deno.writeTextFile(`${dir}/monday.csv`, "Leo,Paz,x,1999-03-17,1\n");
    await Deno.writeTextFile(`${dir}/tuesday.csv`, "Eva,Gil,2,1999-03-17,3\n");
    assertEnding(await run(monday), 2);
    const held = assertEnding(await run(tuesday), 2)
      .find((line) => line.startsWith("ERROR"))!;
    assertEquals(
      held.replace("ERROR ", "").replace(DATE_REGEXP, "then")
        .replaceAll(`${await Deno.realPath(dir)}/`, ""),
      blocks.get("log held")!.trim().replace(DATE_REGEXP, "then"),
    );
    await Deno.writeTextFile(`${dir}/monday.csv`, "Leo,Paz,1,1999-03-17,1\n");
    assertEnding(await run(monday), 0);
    await Deno.writeTextFile(`${dir}/${FILE}`, bets);
    const [, command] = blocks.get("sh winners")!.split("\n");
    const winners = startAs(command ?? "", dir, central.port);
    assertEnding(await winners.ending(), 0);
    assertEquals(
      await Deno.readTextFile(`${dir}/winners.txt`),
      blocks.get("text winners.txt"),
    );
  });
}
