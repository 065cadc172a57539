import { assertEquals, assertMatch } from "@std/assert";
import { docker, make, property } from "./containers.ts";

const IMAGE = "loteria:latest";

Deno.test("make docker-image checks and tests what it makes an image of", async () => {
  const output = await make("docker-image");
  // deno-lint-ignore no-control-regex -- removes colours
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  assertMatch(plain, /^ok \| [1-9]\d+ passed .*\| 0 failed/m);
});

Deno.test("the image has what the programs need, and no more", async () => {
  const list = await docker(
    ...["run", "--rm", "--entrypoint", "find", IMAGE, "/app", "-type", "f"],
  );
  const files = list.split("\n").filter((path) => path !== "").sort();
  const code = files.filter((path) => path.endsWith(".ts"));
  const rest = files.filter((path) => !path.endsWith(".ts"));
  assertEquals(code.filter((path) => /test|demo|verify|bench/.test(path)), []);
  assertEquals(
    rest,
    [
      "/app/central/status/page.css",
      "/app/central/status/page.js",
      "/app/central/status/page_view.js",
      "/app/client.js",
      "/app/deno.json",
      "/app/deno.lock",
      "/app/server.js",
      ...["assert", "csv", "log", "yaml"].map((one) =>
        `/app/std/${one}/deno.json`
      ),
    ].sort(),
  );
});

Deno.test("the image starts as a user that is not root, without a network", async () => {
  assertEquals(await property(IMAGE, "Config.User"), "deno");
  for (const program of ["server", "client", "echo:server", "echo:client"]) {
    const help = await docker(
      ...["run", "--rm", "--read-only", "--network", "none", IMAGE],
      ...[program, "--help"],
    );
    assertMatch(help, new RegExp(`^Usage: deno task ${program} `));
  }
});
