import { assertEquals, assertMatch } from "@std/assert";
import {
  startCentral,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";

test("deno task export says in one line what it cannot export", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`);
  const problems = { "bets.csv": "held by", "x": "it does not exist" };
  for (const [file, reason] of Object.entries(problems)) {
    await using program = startProgram("export", {}, [`${dir}/${file}`]);
    const { code, stdout, stderr } = await program.ending();
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(stderr, new RegExp(`^export: [^\n]*${reason}[^\n]*\n$`));
  }
  await using misused = startProgram("export", {}, ["--nope"]);
  assertEquals(
    (await misused.ending()).stderr,
    "export: Unknown option '--nope' (see --help)\n",
  );
  await central.stop();
});
