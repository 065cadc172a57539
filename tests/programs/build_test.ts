import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  endingOf,
  PROJECT,
  RunningProgram,
  testPrograms as test,
} from "../support/programs.ts";

test("tools/build.ts makes scripts that run in another folder", async (dir) => {
  const flags = ["--allow-read", "--allow-write", "--allow-run"];
  const script = `${PROJECT}tools/build.ts`;
  const { stderr } = await endingOf(Deno.execPath(), {
    args: ["run", "--quiet", ...flags, script, `${dir}/bin`],
  });
  // Then nothing can be downloaded.
  if (stderr.includes("registry.npmjs.org")) return;
  assertEquals(stderr, "");
  // Beside the programs, as in the project.
  const config = `${dir}/bin/config.yaml`;
  await Deno.writeTextFile(config, "log: {level: DEBUG}\n");
  await Deno.writeTextFile(`${dir}/mine.csv`, "Ana,Gil,1,2000-01-01,1\n");
  const run = (name: string, ...args: string[]) =>
    new RunningProgram(
      new Deno.Command(`${dir}/bin/${name}`, {
        args,
        cwd: dir,
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  await using server = run("server", "--port=0", "--store-file=bets.csv");
  const [, port] = await server.line(/action: listen .* port: (\d+)/);
  await using client = run(
    "client",
    "--id",
    "1",
    "--server",
    `127.0.0.1:${port}`,
    "mine.csv",
  );
  const { code, stdout } = await client.ending();
  assertEquals(code, 0);
  assertStringIncludes(stdout, "log_level: DEBUG");
  assertStringIncludes(stdout, "action: loop_finished | result: success");
  assertEquals((await server.stop()).code, 0);
});
