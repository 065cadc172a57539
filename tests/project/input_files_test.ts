import { assertEquals, assertStringIncludes } from "@std/assert";
import { inspectFormat } from "../../agency/source/file_format.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { adviceFor } from "../../bet/advice.ts";
import { type Bet, packBets } from "../../bet/bet.ts";
import { findInvalidBet } from "../../bet/rules.ts";
import page from "../../docs/input-files.md" with { type: "text" };
import spanishPage from "../../docs/es/input-files.md" with { type: "text" };
import { messageOf } from "../../program/errors.ts";
import { fencedBlocks } from "../support/markdown.ts";
import { recordsOf } from "../support/records.ts";
import { testInFolder } from "../support/folder.ts";

const PAGES = {
  "docs/input-files.md": page,
  "docs/es/input-files.md": spanishPage,
};

for (const [name, text] of Object.entries(PAGES)) {
  const blocks = fencedBlocks(text);

  testInFolder(`${name} shows valid bets, and a header`, async (dir) => {
    const bets = await betsOf(dir, blocks.get("csv")!);
    assertEquals(bets.length, 2);
    assertEquals(findInvalidBet(packBets(bets)), undefined);
    const withHeader = blocks.get("csv header")!;
    assertEquals(await formatOf(dir, withHeader), withHeader.split("\n")[0]);
  });

  testInFolder(`${name} shows what the agency says of a file`, async (dir) => {
    for (const one of ["semicolons", "columns"]) {
      const message = await formatOf(dir, blocks.get(`csv ${one}`)!)
        .catch(messageOf);
      assertStringIncludes(String(message), blocks.get(`text ${one}`)!.trim());
    }
  });

  testInFolder(`${name} shows the reason of a refusal`, async (dir) => {
    const packed = packBets(await betsOf(dir, blocks.get("csv reason")!));
    const { reason } = findInvalidBet(packed)!;
    assertEquals(
      `reason: ${reason} | hint: ${adviceFor(packed, 0)}\n`,
      blocks.get("text reason"),
    );
  });
}

async function formatOf(dir: string, csv: string): Promise<unknown> {
  await Deno.writeTextFile(`${dir}/agency.csv`, csv);
  using source = await SourceFile.open(`${dir}/agency.csv`);
  return await inspectFormat(source, ",");
}

async function betsOf(dir: string, csv: string): Promise<Bet[]> {
  return (await recordsOf(dir, csv)).map(({ fields }) => {
    const [firstName, lastName, document, birthdate, number] = fields as [
      string,
      string,
      string,
      string,
      string,
    ];
    return { firstName, lastName, document, birthdate, number };
  });
}
