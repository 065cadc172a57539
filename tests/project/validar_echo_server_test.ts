import { assertEquals } from "@std/assert";
import { testInFolder as test } from "../support/folder.ts";
import { endingOf, PROJECT } from "../support/programs.ts";

const FAIL = "validar-echo-server.sh: ";

/** What the engine says about the server, how nc ends there, and the outcome. */
const CASES: [name: string, state: string, nc: string, stderr: string][] = [
  ["the same message", "true net", "cat", ""],
  [
    "another message",
    "true net",
    "cat >&2; echo Hola",
    `${FAIL}the answer is not the message`,
  ],
  [
    "the message without its end",
    "true net",
    'read -r line; printf %s "$line"',
    `${FAIL}the answer is not the message`,
  ],
  [
    "nothing",
    "true net",
    ":",
    `${FAIL}nothing answered within 3 seconds`,
  ],
  [
    "a stopped server",
    "false net",
    "cat",
    `${FAIL}nothing answered: the container "server" is stopped`,
  ],
  [
    "no server",
    "",
    "cat",
    `${FAIL}Cannot find container "server": is the echo example up?`,
  ],
];

for (const shell of ["dash", "bash"]) {
  for (const [name, state, nc, stderr] of CASES) {
    test(`validar-echo-server.sh judges ${name} in ${shell}`, async (dir) => {
      const docker = `#!/bin/sh
case $1 in
  inspect) [ -n "${state}" ] && echo "${state}" ;;
  image) ;;
  run) case "$*" in *'--network net busybox'*) ${nc} ;; esac ;;
esac
`;
      await Deno.writeTextFile(`${dir}/docker`, docker, { mode: 0o755 });
      const ending = await endingOf(shell, {
        args: [`${PROJECT}validar-echo-server.sh`],
        clearEnv: true,
        env: { PATH: `${dir}:/usr/bin:/bin` },
      });
      const reason = ending.stderr.split("\n")
        .find((line) => line.startsWith(FAIL)) ?? "";
      const [code, result] = stderr === "" ? [0, "success"] : [1, "fail"];
      assertEquals([ending.code, reason], [code, stderr]);
      assertEquals(
        ending.stdout,
        `action: test_echo_server | result: ${result}\n`,
      );
    }, ["run"]);
  }
}
