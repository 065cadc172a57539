import { assertEquals } from "@std/assert";
import { testPrograms } from "../support/end_to_end.ts";
import { PROJECT, startCentral } from "../support/programs.ts";

testPrograms("client.ts is a library that prints nothing", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`);
  await Deno.writeTextFile(
    `${dir}/main.ts`,
    `import { Agency } from "${new URL("client.ts", `file://${PROJECT}`)}";
const server = "127.0.0.1:${central.port}";
await Deno.writeTextFile("mine.csv", "Ana,Gil,1,2000-01-01,1\\nx,y\\n");
const summary = await new Agency({ id: 1, server }).send("mine.csv");
console.log(summary.stored, summary.refused, summary.isFinished);
`,
  );
  const args = ["run", "--quiet", "--no-check", "--no-prompt", "--allow-all"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--config", `${PROJECT}deno.json`, "main.ts"],
    cwd: dir,
  }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stderr), "");
  assertEquals([code, text.decode(stdout)], [0, "1 1 false\n"]);
  assertEquals(
    (await Array.fromAsync(Deno.readDir(dir))).filter(({ name }) =>
      name.startsWith(".") || name.includes("rejected")
    ),
    [],
  );
});
