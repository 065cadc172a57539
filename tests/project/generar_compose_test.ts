import { assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml";
import { testInFolder } from "../support/folder.ts";
import { type Ending, endingOf, PROJECT } from "../support/programs.ts";

type Section = Record<string, unknown>;

interface Service extends Section {
  command: string[];
  environment: Record<string, string>;
}

interface ComposeFile extends Section {
  services: Record<string, Service>;
}

test("generar-compose.sh writes docker-compose.yaml for 5", async (dir) => {
  assertEquals(
    await compose(dir, "5"),
    await Deno.readTextFile(`${PROJECT}docker-compose.yaml`),
  );
});

for (const clients of [0, 1, 5, 6, 252]) {
  test(`generar-compose.sh writes a file for ${clients} clients`, async (dir) => {
    const { services, networks, ...rest } = await parsed(dir, String(clients));
    assertEquals(Object.keys(rest), ["x-program"]);
    assertEquals(networks, {
      testing_net: {
        ipam: { driver: "default", config: [{ subnet: "172.25.125.0/24" }] },
      },
    });
    assertEquals(Object.keys(services), [
      ...["permissions", "data", "server"],
      ...Array.from({ length: clients }, (_, i) => `client${i + 1}`),
    ]);
    for (const [name, service] of Object.entries(services)) {
      assertEquals(service.container_name, name);
    }
    const { data, server } = services;
    assertEquals(server!.environment, {
      SERVER_PORT: "12345",
      SERVER_DRAW_AGENCIES: String(clients),
      SERVER_STATUS_PORT: "8080",
    });
    const asked = clients > 5 ? ["--agencies", String(clients)] : [];
    assertEquals(data!.command, ["data", "--keep", ...asked]);
    for (let id = 1; id <= clients; id++) {
      assertEquals(services[`client${id}`]!.environment, {
        CLI_ID: String(id),
        CLI_SERVER_ADDRESS: "server:12345",
        CLI_DRAW_AWAIT: "true",
      });
    }
  });
}

test("generar-compose.sh writes a file for the echo example", async (dir) => {
  const { services } = await parsed(dir, "2", { EXAMPLE: "echo" });
  assertEquals(
    Object.entries(services).map(([name, { command }]) => [name, ...command]),
    [
      ["server", "echo:server"],
      ["client1", "echo:client"],
      ["client2", "echo:client"],
    ],
  );
  assertEquals(services.server!.environment, { SERVER_PORT: "12345" });
});

test("generar-compose.sh writes a file with secrets, and has none in it", async (dir) => {
  const { services } = await parsed(dir, "2", { SECURE: "true" });
  assertEquals(Object.keys(services), [
    ...["permissions", "data", "secrets", "server", "client1", "client2"],
  ]);
  assertEquals(services.server!.environment, {
    SERVER_PORT: "12345",
    SERVER_DRAW_AGENCIES: "2",
    SERVER_STATUS_PORT: "8080",
    SERVER_CREDENTIALS: "/run/secrets/credentials.csv",
    SERVER_TLS_CERTIFICATE: "/run/secrets/certificate.pem",
    SERVER_TLS_KEY: "/run/secrets/key.pem",
  });
  for (const id of [1, 2]) {
    const { environment, volumes } = services[`client${id}`]!;
    assertEquals(environment.CLI_AGENCY_TOKENFILE, "/run/secrets/token");
    assertEquals(environment.CLI_TLS_CA, "/run/secrets/ca.pem");
    // No service sees the secrets of another.
    assertEquals(
      (volumes as string[]).filter((volume) => volume.includes(".secrets")),
      [`./.secrets/agency-${id}:/run/secrets:ro`],
    );
  }
});

for (const store of ["", "postgres"]) {
  test(`it publishes the status page where asked${store && " of both centrals"}`, async (dir) => {
    const { services } = await parsed(dir, "1", {
      STORE: store,
      STATUS_PORT: "9000",
    });
    const names = store ? ["server1", "server2"] : ["server"];
    for (const [i, name] of names.entries()) {
      const { environment, ports } = services[name]!;
      assertEquals(environment.SERVER_STATUS_HOST, "0.0.0.0");
      assertEquals(ports, [`127.0.0.1:${9000 + i}:8080`]);
    }
  });
}

test("the lines of docker-compose.yaml for it are valid", async () => {
  const text = await Deno.readTextFile(`${PROJECT}docker-compose.yaml`);
  const uncommented = text.replace("# SERVER_STATUS_HOST", "SERVER_STATUS_HOST")
    .replace("# ports:", "ports:");
  const { services } = parse(uncommented) as ComposeFile;
  const { environment, ports } = services.server!;
  assertEquals(environment.SERVER_STATUS_HOST, "0.0.0.0");
  assertEquals(ports, ["127.0.0.1:8080:8080"]);
  assertEquals((parse(text) as ComposeFile).services.server!.ports, undefined);
});

test("generar-compose.sh writes a file for two centrals on a database", async (dir) => {
  const { services, volumes } = await parsed(dir, "3", { STORE: "postgres" });
  assertEquals(Object.keys(services), [
    ...["permissions", "data", "database", "server1", "server2"],
    ...["client1", "client2", "client3"],
  ]);
  assertEquals(volumes, { database: null });
  for (const name of ["server1", "server2"]) {
    assertEquals(services[name]!.command, ["server:postgres"]);
    assertEquals(services[name]!.environment, {
      SERVER_PORT: "12345",
      SERVER_DRAW_AGENCIES: "3",
      SERVER_STATUS_PORT: "8080",
      SERVER_STORE_URL:
        "postgres://loteria:${LOTERIA_PASSWORD:-loteria}@database/loteria",
    });
  }
  assertEquals(
    [1, 2, 3].map((id) =>
      services[`client${id}`]!.environment.CLI_SERVER_ADDRESS
    ),
    [
      "server1:12345,server2:12345",
      "server2:12345,server1:12345",
      "server1:12345,server2:12345",
    ],
  );
  const { services: most } = await parsed(dir, "250", { STORE: "postgres" });
  assertEquals(Object.keys(most).length, 255);
});

test("generar-compose.sh runs under sh", async (dir) => {
  const { code, stderr } = await runScript(
    [`${dir}/compose.yaml`, "5"],
    {},
    "sh",
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    await Deno.readTextFile(`${dir}/compose.yaml`),
    await Deno.readTextFile(`${PROJECT}docker-compose.yaml`),
  );
});

test("generar-compose.sh overwrites an existing file", async (dir) => {
  await Deno.writeTextFile(`${dir}/compose.yaml`, "x".repeat(100_000));
  const text = await compose(dir, "0");
  assertMatch(text, /^# Written by generar-compose\.sh/);
});

const NONSENSE: [args: string[], say: RegExp, env?: Record<string, string>][] =
  [
    [[], /expected FILE and N/],
    [["FILE"], /expected FILE and N/],
    [["FILE", "5", "6"], /expected FILE and N/],
    // The last one is 2^64 + 1.
    ...["", "-1", "+1", "1.5", "five", "5 ", "05", "1e1", "0x5", "5;ls", "253"]
      .concat("18446744073709551617").map((clients): [string[], RegExp] => [
        ["FILE", clients],
        /Cannot make ".*" clients: it must be a whole number from 0 to 252/,
      ]),
    [["", "5"], /Cannot write the file: its name is empty/],
    [["FOLDER", "5"], /Cannot write ".*": it is a folder/],
    [["FOLDER/none/file", "5"], /Cannot write "/],
    [["FILE", "251"], /from 0 to 250/, { STORE: "postgres" }],
    ...([
      [/Cannot make example "Echo"/, { EXAMPLE: "Echo" }],
      [/Cannot use SECURE="yes"/, { SECURE: "yes" }],
      [/Cannot use STORE="mysql"/, { STORE: "mysql" }],
      [/STORE=postgres with EXAMPLE/, { STORE: "postgres", EXAMPLE: "echo" }],
      [/EXAMPLE or SECURE/, { STORE: "postgres", SECURE: "true" }],
      [/STATUS_PORT with EXAMPLE/, { EXAMPLE: "echo", STATUS_PORT: "8080" }],
      [/example "echo" secure/, { EXAMPLE: "echo", SECURE: "true" }],
      ...["0", "080", "65535", "x", "8080:80", "-1"].map((port) => [
        /Cannot use STATUS_PORT=".*": it must be a port from 1 to 65534/,
        { STATUS_PORT: port },
      ]),
    ] as [RegExp, Record<string, string>][]).map((
      [say, env],
    ): [string[], RegExp, Record<string, string>] => [["FILE", "5"], say, env]),
  ];

for (const [args, say, env = {}] of NONSENSE) {
  const given = JSON.stringify([...args, ...Object.values(env)]);
  test(`it refuses ${given}`, async (dir) => {
    const { code, stdout, stderr } = await runScript(
      args.map((arg) => arg.replace("FILE", `${dir}/f`).replace("FOLDER", dir)),
      env,
    );
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^generar-compose\.sh: [^\n]+\n$/);
    assertMatch(stderr, say);
    assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
  });
}

/** Registers a test that runs the script and gets an empty folder. */
function test(name: string, fn: (dir: string) => Promise<void>): void {
  testInFolder(`generar-compose.sh: ${name}`, fn, ["run"]);
}

/** The file that the script writes for this many clients. */
async function compose(
  dir: string,
  clients: string,
  env: Record<string, string> = {},
): Promise<string> {
  const file = `${dir}/compose.yaml`;
  assertEquals(await runScript([file, clients], env), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  return await Deno.readTextFile(file);
}

/** The same file, read. */
async function parsed(
  ...args: Parameters<typeof compose>
): Promise<ComposeFile> {
  return parse(await compose(...args)) as ComposeFile;
}

function runScript(
  args: string[],
  env: Record<string, string>,
  shell: "bash" | "sh" = "bash",
): Promise<Ending> {
  const script = `${PROJECT}generar-compose.sh`;
  return endingOf(shell, { args: [script, ...args], env });
}
