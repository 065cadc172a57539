import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import {
  AGENCIES,
  assertEndings,
  betsOf,
  CLIENTS,
  WINNERS,
} from "./agencies.ts";
import { restoreConfig, slowConfig, writeConfig } from "./config_file.ts";
import {
  CLONE,
  docker,
  ending,
  logged,
  logs,
  make,
  outcomeOf,
  property,
  run,
  stop,
  testUp,
  up,
} from "./containers.ts";

const FILE = "docker-compose-postgres.yaml";
const IMAGE = "loteria-postgres:latest";
const CENTRALS = ["server1", "server2"];

test("STORE=postgres stores every bet once, whichever container is killed", async () => {
  await writeConfig(slowConfig(10));
  await up(FILE);
  for (const victim of CENTRALS) {
    await logged("client1", /apuesta_enviada/, 50);
    await docker("kill", victim);
    assertNotEquals(await ending(victim), 0);
    assertEquals(await property("client1", "State.Status"), "running");
    await docker("start", victim);
  }
  await assertDrawn();
  await assertStored();
  // The database outlives its container.
  await make("docker-compose-down", FILE);
  await restoreConfig();
  await up(FILE);
  await assertDrawn();
  await assertStored();
  assertEquals(await stop("server2"), 0);
});

test("a central of the database has no more rights than it needs", async () => {
  await up(FILE, CENTRALS);
  for (const name of ["database", ...CENTRALS]) {
    const host = await property(name, "HostConfig") as Record<
      string,
      unknown
    >;
    assertEquals(host.ReadonlyRootfs, true, name);
    assertEquals(host.CapDrop, ["ALL"], name);
    assertEquals(host.PortBindings ?? {}, {}, name);
    const user = await property(name, "Config.User");
    assertEquals(user, name === "database" ? "postgres" : "1000:1000");
  }
  const help = await docker(
    ...["run", "--rm", "--read-only", "--network", "none", IMAGE],
    ...["server:postgres", "--help"],
  );
  assertMatch(help, /^Usage: deno task server:postgres /);
});

/** Registers a test that begins with an empty database. */
function test(name: string, fn: () => Promise<void>): void {
  testUp(name, FILE, async () => {
    await run(["./generar-compose.sh", FILE, String(AGENCIES.length)], {
      STORE: "postgres",
    });
    await docker("build", "--target", "postgres", "--tag", IMAGE, CLONE);
    try {
      await fn();
    } finally {
      await restoreConfig();
      await make("docker-compose-down", FILE);
      const volumes = await docker("volume", "ls", "--quiet");
      await docker("volume", "rm", ...volumes.trim().split("\n"));
    }
  });
}

async function assertDrawn(): Promise<void> {
  await assertEndings();
  for (const [i, client] of CLIENTS.entries()) {
    const [line] = (await logs(client)).filter((one) =>
      one.includes("consulta_ganadores")
    );
    assert(
      line?.endsWith(`cant_ganadores: ${WINNERS[i]}`),
      `${client}: ${line}`,
    );
  }
}

async function assertStored(): Promise<void> {
  for (const agency of AGENCIES) {
    const bets = (await betsOf(agency)).map((row) =>
      // The database keeps a number as a number.
      row.with(4, String(Number(row[4]))).join("|")
    );
    const { stdout } = await outcomeOf([
      ...["docker", "exec", "database", "psql", "--username=loteria"],
      ...["--no-psqlrc", "--no-align", "--tuples-only", "--command"],
      `SELECT first_name, last_name, document, birthdate, number FROM bets
       WHERE agency = ${agency} ORDER BY position`,
    ]);
    assertEquals(stdout.trimEnd().split("\n").length, bets.length);
    assertEquals(stdout.trimEnd() === bets.join("\n"), true);
  }
}
