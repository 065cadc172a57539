import { assertEquals, assertMatch } from "@std/assert";
import {
  endingOf,
  PROJECT,
  testPrograms as test,
} from "../support/programs.ts";

for (
  const [name, escape] of [
    ["promise", `void Promise.reject(new Error("a slip"))`],
    ["timer", `setTimeout(() => { throw new Error("a slip"); })`],
  ] as const
) {
  test(`runProgram() says why a program ends whose ${name} fails unnoticed`, async (dir) => {
    const script = `${dir}/program.ts`;
    await Deno.writeTextFile(
      script,
      `
import { getLogger } from "${PROJECT}program/logging.ts";
import { runProgram } from "${PROJECT}program/program.ts";
await runProgram("server", async () => {
  getLogger().info("the last line");
  ${escape};
  await new Promise(() => setTimeout(() => {}, 60_000));
  return 0;
});
`,
    );
    const { code, stdout, stderr } = await endingOf(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--config", `${PROJECT}deno.json`, "-A"],
        script,
      ],
      env: { NO_COLOR: "1" },
    });
    assertMatch(stderr, /^server: Error: a slip\n/, stderr);
    assertEquals(code, 1);
    assertMatch(stdout, /the last line/);
  });
}
