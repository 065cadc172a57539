import { assertEquals } from "@std/assert";
import { endingOf, PROJECT, testPrograms } from "../support/programs.ts";

const PACKAGES = ["assert", "csv", "log", "yaml"];
/** Files that the copy does not need, or must not have. */
const LEFT_OUT = new Set([".git", ".data", "std", "node_modules", "out"]);
/** Tests that run in the copy: quick ones, on all four packages. */
const TESTS = ["tests/program", "tests/storage/format"];

testPrograms(
  "a copy without std/ and its links works with packages of upstream's types",
  async (dir) => {
    await copyFolder(PROJECT, dir);
    // JSR is not reachable, so stubs replace upstream's packages: they have
    // upstream's types and our code.
    for (const name of PACKAGES) {
      const stub = `${dir}/stubs/${name}`;
      await copyFolder(`${PROJECT}std/${name}/`, `${stub}/impl`, "_test.ts");
      await Deno.rename(`${stub}/impl/deno.json`, `${stub}/deno.json`);
      await Deno.copyFile(
        `${PROJECT}tests/project/stubs/${name}.txt`,
        `${stub}/mod.ts`,
      );
    }
    const config = JSON.parse(await Deno.readTextFile(`${PROJECT}deno.json`));
    config.links = PACKAGES.map((name) => `./stubs/${name}`);
    await Deno.writeTextFile(`${dir}/deno.json`, JSON.stringify(config));
    await run(dir, "check", "--no-lock");
    await run(dir, "test", "--no-lock", "--no-check", "-A", ...TESTS);
  },
);

async function run(cwd: string, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await endingOf(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  });
  assertEquals(code, 0, stdout + stderr);
}

async function copyFolder(
  from: string,
  to: string,
  leftOutEnd = "\0",
): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (LEFT_OUT.has(name) || name.endsWith(leftOutEnd)) continue;
    if (isDirectory) {
      await copyFolder(`${from}${name}/`, `${to}/${name}`, leftOutEnd);
    } else {
      await Deno.copyFile(`${from}${name}`, `${to}/${name}`);
    }
  }
}
