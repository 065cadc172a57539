import { assert, assertEquals, assertMatch } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import {
  assertEnding,
  assertFailure,
  type Ending,
  startAgency,
  startCentral,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";
import { writeCredentials } from "../support/served.ts";
import { csvOf, rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";

const TLS = {
  SERVER_TLS_CERTIFICATE: PEM.server,
  SERVER_TLS_KEY: PEM.serverKey,
};
const TOKEN_REGEXP = /^[A-Za-z0-9_-]{43}$/;
const WARNING = "tokens cross the network in the clear";

test("token, server.ts and client.ts work together, and print no secret", async (dir) => {
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
  assertEquals([...(await readBets(`${dir}/bets.csv`)).keys()].sort(), [1, 2]);

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
});

test("server.ts warns of plain tokens on other addresses only", async (dir) => {
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
});

const UNKNOWN_AUTHORITY = /no trusted authority has signed its certificate/;

/** The central's certificate, whom the agency trusts, and its message. */
const MISTRUST: [certificate: string, ca: string, message: RegExp][] = [
  [PEM.server, PEM.otherCa, UNKNOWN_AUTHORITY],
  [PEM.server, "system", UNKNOWN_AUTHORITY],
  [PEM.otherName, PEM.ca, /its certificate has another name/],
];

test("client.ts gives up after its attempts on a central that it cannot trust", async (dir) => {
  await Deno.writeTextFile(`${dir}/agency.csv`, csvOf(rows(4)));
  for (const [i, [certificate, ca, message]] of MISTRUST.entries()) {
    await using central = await startCentral(`${dir}/bets-${i}.csv`, {
      ...TLS,
      SERVER_TLS_CERTIFICATE: certificate,
    });
    const agency = startAgency(1, `${dir}/agency.csv`, central.port, {
      CLI_RETRY_MAXATTEMPTS: "2",
      CLI_RETRY_BASEDELAY: "1ms",
      CLI_TLS_CA: ca,
    });
    const ending = await agency.ending();
    assertFailure(ending, message);
    assertMatch(ending.stderr, /2 attempts in a row failed/);
  }
});

test("token refuses what it cannot do, and changes nothing", async (dir) => {
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
});

async function token(file: string, ...args: string[]): Promise<Ending> {
  const env = { SERVER_CREDENTIALS: file };
  return await startProgram("token", env, args).ending();
}
