import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
} from "@std/assert";
import { readBets } from "../support/stored.ts";
import {
  AGENCIES,
  assertEndings,
  betsOf,
  CLIENTS,
  removeStore,
  STORE,
  WINNERS,
} from "./agencies.ts";
import { restoreConfig, slowConfig, writeConfig } from "./config_file.ts";
import {
  CLONE,
  docker,
  ending,
  logged,
  logs,
  LOTTERY,
  make,
  outcomeOf,
  printed,
  property,
  stop,
  testUp,
  up,
} from "./containers.ts";

const TOTAL = 78_697;
/** Capabilities of the service that makes the folder writable. */
const CAPABILITIES = ["CHOWN", "DAC_READ_SEARCH", "FOWNER"];

test("make docker-compose-up stores every bet once", async () => {
  await make("docker-compose-up");
  await assertEndings();
  await assertStored();
  for (const [i, winners] of WINNERS.entries()) {
    const line =
      `action: consulta_ganadores | result: success | cant_ganadores: ${winners}`;
    const log = await logs(CLIENTS[i]!);
    assertEquals(log.filter((one) => one.endsWith(line)).length, 1, CLIENTS[i]);
  }
  await printed(["make", "docker-compose-logs"], /client5.* loop_finished/);
  const before = await Deno.readTextFile(STORE);
  await make("docker-compose-up");
  await assertEndings();
  await make("docker-compose-down");
  assertEquals(await docker("ps", "--all", "--quiet"), "");
  assertEquals(await Deno.readTextFile(STORE) === before, true);
});

test("the containers have no more rights than they need", async () => {
  await up();
  await assertEndings();
  for (const name of ["permissions", "data", "server", ...CLIENTS]) {
    const host = await property(name, "HostConfig") as Record<string, unknown>;
    assertEquals(host.ReadonlyRootfs, true, name);
    assertEquals(host.CapDrop, ["ALL"], name);
    const added = name === "permissions" ? CAPABILITIES : [];
    assertEquals(
      (host.CapAdd as string[] ?? []).map((one) => one.replace("CAP_", "")),
      added,
      name,
    );
    assertEquals(host.SecurityOpt, ["no-new-privileges:true"], name);
    assertEquals(host.PortBindings ?? {}, {}, name);
    assertEquals(host.Privileged, false, name);
    if (name === "permissions") continue;
    assertEquals(await property(name, "Config.User"), "1000:1000", name);
  }
  const networks = await property("server", "NetworkSettings.Networks");
  const [[name, network], ...others] = Object.entries(
    networks as Record<string, { IPAddress: string }>,
  ) as [[string, { IPAddress: string }]];
  assertEquals(others, []);
  assert(name.endsWith("_testing_net"), name);
  assert(network.IPAddress.startsWith("172.25.125."), network.IPAddress);
});

test("config.yaml takes effect after a restart, without a build", async () => {
  await up();
  await assertEndings();
  const image = await property("server", "Image");
  await writeConfig(slowConfig(10));
  await removeStore();
  await docker("restart", "server");
  await docker("start", "client5");
  await logged("client5", /loop_finished .* cantidad: 991 /);
  const log = await logs("client5");
  assert(log.some((line) => line.includes("batch_max_amount: 10")));
  const sizes = log.map((line) => /DEBUG .*cantidad: (\d+)/.exec(line)?.[1])
    .filter((size) => size !== undefined).map(Number);
  assertEquals(sizes, [...Array(99).fill(10), 1]);
  assert((await logs("server")).some((line) => line.includes("DEBUG")));
  assertEquals(await property("server", "Image"), image);
  // It must end although it waits for the draw.
  assertEquals(await stop("client5"), 0);
});

test("docker stop while agencies send loses no bet", async () => {
  await writeConfig(slowConfig(1));
  await up();
  await logged("client1", /apuesta_enviada/, 50);
  assertEquals(await stop("client1"), 0);
  assert((await logs("client1")).at(-1)!.endsWith("signal: SIGTERM"));
  await assertUnfinished(1);
  await logged("client2", /apuesta_enviada/, 100);
  assertEquals(await stop("server"), 0);
  assert((await logs("server")).at(-1)!.includes("close_store"));
  await assertUnfinished(2);
  await docker("start", "server");
  for (const client of CLIENTS.slice(1, 4)) {
    await logged(client, /action: connect \| result: success/, 2);
  }
  await docker("stop", ...CLIENTS.slice(1));
  // No fault follows, so the rest need not take long.
  await restoreConfig();
  await up();
  await assertEndings();
  await assertStored();
});

test("docker kill of the server loses no bet and stores none twice", async () => {
  await writeConfig(slowConfig(2));
  await up();
  for (const sent of [50, 200]) {
    await logged("client1", /apuesta_enviada/, sent);
    await docker("kill", "server");
    assertNotEquals(await ending("server"), 0);
    await assertUnfinished(1);
    assertEquals(await property("client1", "State.Status"), "running");
    await docker("start", "server");
  }
  await assertEndings();
  await assertStored();
});

test("one client starts the services that it needs", async () => {
  await up(LOTTERY, ["client4"]);
  await logged("client4", /loop_finished .* cantidad: 9238 /);
  const { code, stdout } = await outcomeOf(["docker", "ps", "--quiet"]);
  assertEquals([code, stdout.trim().split("\n").length], [0, 2]);
});

for (const [owner, mode] of [[4242, 0o755], [4242, 0o700], [0, 0o755]]) {
  test(`it works in a folder of user ${owner} with mode ${mode!.toString(8)}`, async () => {
    const folder = `${CLONE}/.data`;
    const { uid, gid, mode: before } = await Deno.stat(folder);
    await chownAll(folder, owner!, owner!);
    await Deno.chmod(folder, mode!);
    try {
      await up();
      await assertEndings();
      await assertStored();
      for (const name of ["data", "server", ...CLIENTS]) {
        assertEquals(await property(name, "Config.User"), "1000:1000", name);
      }
      assertEquals((await Deno.stat(folder)).uid, owner);
    } finally {
      await chownAll(folder, uid!, gid!);
      await Deno.chmod(folder, before! & 0o7777);
    }
  });
}

async function chownAll(dir: string, uid: number, gid: number): Promise<void> {
  for await (const { name } of Deno.readDir(dir)) {
    await Deno.chown(`${dir}/${name}`, uid, gid);
  }
  await Deno.chown(dir, uid, gid);
}

/** Registers a test of the lottery on an empty store. */
function test(name: string, fn: () => Promise<void>): void {
  testUp(name, LOTTERY, async () => {
    await removeStore();
    await restoreConfig();
    await fn();
  });
}

/** Asserts that the store has exactly the bets of the files, in their order. */
async function assertStored(): Promise<void> {
  const stored = await readBets(STORE);
  let total = 0;
  for (const agency of AGENCIES) {
    const bets = await betsOf(agency);
    total += bets.length;
    assertEquals(stored.get(agency)?.length, bets.length);
    const isSame = JSON.stringify(stored.get(agency)) === JSON.stringify(bets);
    assert(isSame, `agency ${agency}: other bets than in its file`);
  }
  assertEquals(total, TOTAL);
  assertEquals(stored.size, AGENCIES.length);
}

/**
 * True if some of an agency's bets are stored, but not all. The store may be
 * written to at the same time, or end in a partial write.
 */
async function assertUnfinished(agency: number): Promise<void> {
  const all = (await betsOf(agency)).length;
  const rows = (await Deno.readTextFile(STORE)).split("\n");
  const stored = rows.filter((row) => row.startsWith(`${agency},`)).length;
  assertGreater(stored, 0);
  assertLess(stored, all);
}
