import { assert, assertEquals } from "@std/assert";
import { readBets } from "../support/stored.ts";
import { assertEndings, betsOf, removeStore, STORE } from "./agencies.ts";
import {
  CLONE,
  docker,
  logged,
  logs,
  outcomeOf,
  property,
  run,
  testUp,
  up,
} from "./containers.ts";

const SECURE = "docker-compose-secure.yaml";
const AGENCIES = [1, 2, 3];
const CLIENTS = AGENCIES.map((agency) => `client${agency}`);

testUp(
  "SECURE=true makes secrets, and agencies send with them",
  SECURE,
  async () => {
    await prepare();
    await up(SECURE);
    await assertEndings(CLIENTS);
    const stored = await readBets(STORE);
    for (const agency of AGENCIES) {
      const { length } = await betsOf(agency);
      assertEquals(stored.get(agency)?.length, length);
    }
    const secrets = await Promise.all([
      ...AGENCIES.map((agency) => `agency-${agency}/token`),
      "central/key.pem",
    ].map((path) => Deno.readTextFile(`${CLONE}/.secrets/${path}`)));
    const printed = await Promise.all(
      ["secrets", "server", ...CLIENTS].map(async (name) =>
        [
          ...await logs(name),
          JSON.stringify(await property(name, "Config")),
        ].join("\n")
      ),
    );
    printed.push(await Deno.readTextFile(`${CLONE}/${SECURE}`));
    for (const secret of secrets) {
      // A token may begin with "-", but not with five of them.
      const [line] = secret.split("\n")
        .filter((one) => !one.startsWith("-----"));
      for (const text of printed) assert(!text.includes(line!), text);
    }
    // The second time it finds the files of the first.
    await up(SECURE);
    await assertEndings(CLIENTS);
    const again = await Deno.readTextFile(`${CLONE}/.secrets/agency-1/token`);
    assertEquals(again, secrets[0]);
  },
);

testUp("an agency without its token stores nothing", SECURE, async () => {
  await prepare();
  await up(SECURE, ["server"]);
  await logged("server", /action: listen/);
  const networks = await property("server", "NetworkSettings.Networks");
  const [network] = Object.keys(networks as Record<string, unknown>);
  const { code, stderr } = await outcomeOf([
    ...["docker", "run", "--rm", "--network", network!],
    ...["--volume", `${CLONE}/.data:/app/.data`],
    ...["--volume", `${CLONE}/.secrets/agency-1:/run/secrets:ro`],
    ...["--env", "CLI_ID=1", "--env", "CLI_SERVER_ADDRESS=server:12345"],
    ...["--env", "CLI_TLS_CA=/run/secrets/ca.pem", "--env", "CLI_TOKEN=wrong"],
    ...["--user", "1000:1000", "loteria:latest", "client"],
  ]);
  assertEquals(code, 1, stderr);
  assert(stderr.includes("UNAUTHORIZED"), stderr);
  assertEquals(await Deno.readTextFile(STORE), "");
});

/** An empty store, and the image that makes secrets. */
async function prepare(): Promise<void> {
  await run(["./generar-compose.sh", SECURE, String(AGENCIES.length)], {
    SECURE: "true",
  });
  await removeStore();
  await docker("build", "--target", "secrets", "-t", "loteria-secrets", CLONE);
}
