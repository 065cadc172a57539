import { assert, assertEquals, assertMatch } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import {
  assertEnding,
  assertFailure,
  testPrograms,
} from "../support/end_to_end.ts";
import { writeCredentials } from "../support/guarded.ts";
import {
  type Ending,
  type RunningCentral,
  startAgency,
  startCentral,
  startProgram,
} from "../support/programs.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";

const TLS = {
  SERVER_TLS_CERTIFICATE: PEM.server,
  SERVER_TLS_KEY: PEM.serverKey,
};
const TOKEN_REGEXP = /^[A-Za-z0-9_-]{43}$/;
const WARNING = "tokens cross the network in the clear";

testPrograms(
  "token, server.ts and client.ts work together, and print no secret",
  async (dir) => {
    const credentials = `${dir}/credentials.csv`;
    const outputs: Ending[] = [];
    const tokens = new Map<number, string>();
    for (const agency of [1, 2]) {
      const added = await token(credentials, "add", String(agency));
      assertEquals(added.code, 0, added.stderr);
      tokens.set(agency, added.stdout.trim());
      assertMatch(added.stdout.trim(), TOKEN_REGEXP);
      assert(!added.stderr.includes(added.stdout.trim()), added.stderr);
    }
    assertEquals((await Deno.stat(credentials)).mode! & 0o777, 0o600);
    const listed = await token(credentials, "list");
    assertEquals(listed.stdout, "1\n2\n");
    outputs.push(listed);

    await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(400)));
    const central = await startCentral(`${dir}/bets.csv`, {
      ...TLS,
      SERVER_CREDENTIALS: credentials,
      SERVER_DRAW_AGENCIES: "2",
      LOGGING_LEVEL: "DEBUG",
    });
    await Deno.writeTextFile(`${dir}/token-2`, `${tokens.get(2)}\n`);
    const secrets = [
      { CLI_TOKEN: tokens.get(1)! },
      { CLI_AGENCY_TOKENFILE: `${dir}/token-{id}` },
    ];
    const endings = await Promise.all(
      secrets.map(async (env, i) =>
        await startAgency(i + 1, `${dir}/agency.csv`, central.port, {
          CLI_TLS_CA: PEM.ca,
          CLI_DRAW_AWAIT: "true",
          CLI_LOG_LEVEL: "DEBUG",
          ...env,
        }).ending()
      ),
    );
    for (const ending of endings) {
      assertEnding(ending, 0);
    }
    outputs.push(...endings, await central.stop());
    assertEquals([...(await readBets(`${dir}/bets.csv`)).keys()].sort(), [
      1,
      2,
    ]);

    const key = await Deno.readTextFile(PEM.serverKey);
    const hashes = await Deno.readTextFile(credentials);
    const keyLines = key.split("\n").filter((line) => line.length > 40);
    const hashTexts = hashes.match(/[0-9a-f]{64}/g)!;
    for (const { stdout, stderr } of outputs) {
      for (const secret of [...tokens.values(), ...keyLines, ...hashTexts]) {
        assert(!(stdout + stderr).includes(secret), stdout + stderr);
      }
      assert(!stdout.includes(WARNING), stdout);
    }
  },
);

testPrograms("client.ts ends at once if its token is refused", async (dir) => {
  const credentials = `${dir}/credentials.csv`;
  await writeCredentials(credentials, { 1: "uno" });
  await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(4)));
  await using central = await startCentral(`${dir}/bets.csv`, {
    SERVER_CREDENTIALS: credentials,
  });
  for (const CLI_TOKEN of ["dos", ""]) {
    const agency = startAgency(1, `${dir}/agency.csv`, central.port, {
      CLI_TOKEN,
    });
    const ending = await agency.ending();
    assertFailure(
      ending,
      /^client: Cannot continue: the central answered UNAUTHORIZED: /,
    );
    assert(!ending.stdout.includes("attempt"), ending.stdout);
  }
  assertEquals(await Deno.readTextFile(`${dir}/bets.csv`), "");
  assert(central.lines.some((line) => line.includes(WARNING)));
});

testPrograms(
  "server.ts warns of plain tokens on other addresses only",
  async (dir) => {
    const credentials = `${dir}/credentials.csv`;
    await writeCredentials(credentials, { 1: "uno" });
    for (
      const [host, warns] of [["127.0.0.1", false], ["0.0.0.0", true]] as const
    ) {
      const central = await startCentral(`${dir}/bets.csv`, {
        SERVER_CREDENTIALS: credentials,
        SERVER_HOST: host,
      });
      const { stdout } = await central.stop();
      assertEquals(stdout.includes(WARNING), warns, stdout);
    }
  },
);

testPrograms(
  "server.ts refuses certificates and credentials that it cannot use",
  async (dir) => {
    await Deno.writeTextFile(`${dir}/text.pem`, "no PEM\n");
    await Deno.writeTextFile(`${dir}/bad.csv`, "1,xyz\n");
    const tls = (certificate: string, key: string) => ({
      SERVER_TLS_CERTIFICATE: certificate,
      SERVER_TLS_KEY: key,
    });
    const cases: [env: Record<string, string>, problem: RegExp][] = [
      [tls(PEM.server, ""), /Cannot use TLS: tls\.key is not set/],
      [tls("", PEM.serverKey), /Cannot use TLS: tls\.certificate is not set/],
      [
        tls(`${dir}/none.pem`, PEM.serverKey),
        /tls\.certificate ".*none\.pem": No such file/,
      ],
      [
        tls(PEM.server, `${dir}/none.pem`),
        /tls\.key ".*none\.pem": No such file/,
      ],
      [
        tls(`${dir}/text.pem`, PEM.serverKey),
        /tls\.certificate ".*text\.pem": it has no certificate in PEM form/,
      ],
      [
        tls(PEM.server, `${dir}/text.pem`),
        /tls\.key ".*text\.pem": it has no private key in PEM form/,
      ],
      [tls(PEM.server, PEM.otherKey), /tls\.key ".*": it is not the key of "/],
      [
        tls(PEM.expired, PEM.serverKey),
        /tls\.certificate ".*": it is valid from .* only/,
      ],
      [
        tls(PEM.serverKey, PEM.serverKey),
        /tls\.certificate ".*": it has a private key, .* swapped/,
      ],
      [tls(dir, PEM.serverKey), /tls\.certificate ".*": Is a directory/],
      [
        { SERVER_CREDENTIALS: `${dir}/bad.csv` },
        /bad\.csv", line 1: expected an agency/,
      ],
      [
        { SERVER_CREDENTIALS: `${dir}/none.csv` },
        /Cannot read credentials ".*none\.csv"/,
      ],
    ];
    await Promise.all(cases.map(async ([env, problem], i) => {
      await using central = startProgram("server", {
        SERVER_PORT: "0",
        SERVER_STORE_FILE: `${dir}/bets-${i}.csv`,
        ...env,
      });
      assertFailure(await central.ending(), problem);
    }));
  },
);

testPrograms(
  "client.ts refuses what it cannot use for TLS and tokens",
  async (dir) => {
    await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(4)));
    await Deno.writeTextFile(`${dir}/text.pem`, "no PEM\n");
    await Deno.writeTextFile(`${dir}/empty`, "\n");
    const cases: [env: Record<string, string>, problem: RegExp][] = [
      [
        { CLI_TLS_CA: `${dir}/none.pem` },
        /tls\.ca ".*none\.pem": No such file/,
      ],
      [{ CLI_TLS_CA: `${dir}/text.pem` }, /there is no certificate in it/],
      [{ CLI_TLS_CA: PEM.serverKey }, /there is no certificate in it/],
      [
        { CLI_AGENCY_TOKENFILE: `${dir}/none` },
        /Cannot read agency\.tokenFile ".*none"/,
      ],
      [
        { CLI_AGENCY_TOKENFILE: `${dir}/empty` },
        /it has 0 bytes, expected 1 to 255/,
      ],
      [
        { CLI_TOKEN: "x".repeat(256) },
        /CLI_TOKEN: it has 256 bytes, expected 1 to 255/,
      ],
    ];
    await Promise.all(cases.map(async ([env, problem]) => {
      const agency = startAgency(1, `${dir}/agency.csv`, 1, env);
      const ending = await agency.ending();
      assertFailure(ending, problem);
      assert(!ending.stderr.includes("xxxx"));
    }));
  },
);

/** Centrals that an agency must not trust, and its message for each. */
const MISTRUST: Record<
  string,
  {
    server: Record<string, string>;
    client: Record<string, string>;
    say: RegExp;
  }
> = {
  "another authority": {
    server: TLS,
    client: { CLI_TLS_CA: PEM.otherCa },
    say: /no trusted authority has signed its certificate/,
  },
  "the system's authorities": {
    server: TLS,
    client: { CLI_TLS_CA: "system" },
    say: /no trusted authority has signed its certificate/,
  },
  "another name": {
    server: { ...TLS, SERVER_TLS_CERTIFICATE: PEM.otherName },
    client: { CLI_TLS_CA: PEM.ca },
    say: /its certificate has another name/,
  },
  "no TLS": {
    server: {},
    client: { CLI_TLS_CA: PEM.ca },
    say: /the other side does not speak TLS/,
  },
};

for (const [name, { server, client, say }] of Object.entries(MISTRUST)) {
  testPrograms(
    `client.ts gives up on a central with ${name} after its attempts`,
    async (dir) => {
      await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(4)));
      await using central = await startCentral(`${dir}/bets.csv`, server);
      const ending = await send(dir, central, client);
      assertFailure(ending, say);
      assertMatch(ending.stderr, /2 attempts in a row failed/);
    },
  );
}

testPrograms(
  "client.ts without TLS says that the central uses it",
  async (dir) => {
    await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(4)));
    await using central = await startCentral(`${dir}/bets.csv`, TLS);
    const ending = await send(dir, central, {});
    assertFailure(ending, /the other side speaks TLS, this one does not/);
    await central.line(/the other side does not speak TLS/);
  },
);

testPrograms(
  "server.ts refuses a TLS connection over the limit with BUSY",
  async (dir) => {
    await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(4)));
    await using central = await startCentral(`${dir}/bets.csv`, {
      ...TLS,
      SERVER_MAX_CONNECTIONS: "1",
    });
    using held = await Deno.connectTls({
      hostname: "localhost",
      port: central.port,
      caCerts: [await Deno.readTextFile(PEM.ca)],
    });
    await held.handshake();
    const ending = await send(dir, central, { CLI_TLS_CA: PEM.ca });
    assertFailure(ending, /BUSY: Cannot serve: too many connections/);
  },
);

testPrograms(
  "token refuses what it cannot do, and changes nothing",
  async (dir) => {
    const file = `${dir}/credentials.csv`;
    await token(file, "add", "3");
    const before = await Deno.readTextFile(file);
    const cases: [args: string[], problem: RegExp][] = [
      [["add", "3"], /agency 3 has one in ".*"; remove it first/],
      [["remove", "4"], /agency 4 has none in "/],
      [["add", "0"], /Cannot use agency "0": expected a whole number from 1/],
      [["add"], /expected add AGENCY, remove AGENCY or list/],
      [["list", "1"], /expected add AGENCY, remove AGENCY or list/],
      [[], /expected add AGENCY, remove AGENCY or list/],
    ];
    for (const [args, problem] of cases) {
      const { code, stdout, stderr } = await token(file, ...args);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, /^token: [^\n]+\n$/);
      assertMatch(stderr, problem);
    }
    assertEquals(await Deno.readTextFile(file), before);
    assertEquals((await token(file, "remove", "3")).code, 0);
    // An empty file would say nothing.
    assertEquals(await Deno.readTextFile(file), "agency,sha256\n");
    assertEquals((await token(file, "list")).stdout, "");
  },
);

async function send(
  dir: string,
  central: RunningCentral,
  env: Record<string, string>,
): Promise<Ending> {
  const agency = startAgency(1, `${dir}/agency.csv`, central.port, {
    CLI_RETRY_MAXATTEMPTS: "2",
    CLI_RETRY_BASEDELAY: "1ms",
    ...env,
  });
  return await agency.ending();
}

async function token(file: string, ...args: string[]): Promise<Ending> {
  const env = { SERVER_CREDENTIALS: file };
  return await startProgram("token", env, args).ending();
}
