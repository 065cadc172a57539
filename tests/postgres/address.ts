import { assertEquals, assertThrows } from "@std/assert";
import {
  type Address,
  describeAddress,
  readAddress,
} from "../../postgres/connection/address.ts";
import { findPassword } from "../../postgres/connection/pg_files.ts";
import { ProgramError } from "../../program/errors.ts";

/** What of an address is compared; the rest has its defaults. */
type Part = Partial<Record<keyof Address | "password", unknown>>;

const CASES: readonly (readonly [string, Part])[] = [
  ["postgres://u:p@h/d", {
    hosts: [{ name: "h", port: 5432 }],
    user: "u",
    password: "p",
    database: "d",
    connectTimeoutMs: 3000,
    statementTimeoutMs: 8000,
    applicationName: "loteria",
    isRandom: false,
    keepAlive: true,
    keepAliveDelayMs: 0,
    tls: tlsOf("prefer"),
  }],
  ["postgresql://u@h:1,[::1]:2,10.0.0.1/d", {
    hosts: [
      { name: "h", port: 1 },
      { name: "::1", port: 2 },
      { name: "10.0.0.1", port: 5432 },
    ],
    password: undefined,
  }],
  ["postgres://u%40x:p%2F%3A%25%40@h/mi%20base", {
    user: "u@x",
    password: "p/:%@",
    database: "mi base",
  }],
  ["postgres://u:a:b@h/d", { password: "a:b" }],
  ["postgres://u@h", { database: "u" }],
  ["postgres:///d?host=/var/run/postgresql&port=6432&user=u", {
    hosts: [{ name: "/var/run/postgresql", port: 6432 }],
  }],
  ["postgres://u@%2Fvar%2Frun/d", {
    hosts: [{ name: "/var/run", port: 5432 }],
  }],
  ["postgres://u@h/d?host=a,b&port=7", {
    hosts: [{ name: "a", port: 7 }, { name: "b", port: 7 }],
  }],
  ["postgres://u@h/d?options=-csearch_path%3Da&application_name=x", {
    options: "-csearch_path=a",
    applicationName: "x",
  }],
  [
    "postgres://u@h/d?connect_timeout=10&statement_timeout=20000&load_balance_hosts=random",
    { connectTimeoutMs: 10_000, statementTimeoutMs: 20_000, isRandom: true },
  ],
  [
    "postgres://u@h/d?keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3",
    { keepAlive: true, keepAliveDelayMs: 30_000 },
  ],
  ["postgres://u@h/d?connect_timeout=1&statement_timeout=100", {
    connectTimeoutMs: 1000,
    statementTimeoutMs: 100,
  }],
  ["postgres://u@h/d?connect_timeout=99&statement_timeout=999999", {
    connectTimeoutMs: 99_000,
    statementTimeoutMs: 999_999,
  }],
  [
    "postgres://u@h/d?keepalives_idle=999999&keepalives_interval=999999&keepalives_count=999999&tcp_user_timeout=999999999",
    { keepAliveDelayMs: 999_999_000 },
  ],
  ["postgres://u@h/d?fallback_application_name=f", { applicationName: "f" }],
  ["postgres://u@h/d?fallback_application_name=f&application_name=x", {
    applicationName: "x",
  }],
  ["postgres://u@h/d?ssl=true", { tls: tlsOf("require") }],
  ["postgres://u@h/d?ssl=true&sslmode=verify-ca", { tls: tlsOf("verify-ca") }],
  ["postgres://u@h/d?sslrootcert=system", { tls: tlsOf("verify-full") }],
  [
    "postgres://u@h/d?sslrootcert=r&sslcert=c&sslkey=k&channel_binding=require",
    {
      tls: {
        mode: "prefer",
        rootCertificate: "r",
        certificate: "c",
        key: "k",
        requiresBinding: true,
      },
    },
  ],
  ["postgres://u@a:1,,b:65535/d", {
    hosts: [
      { name: "a", port: 1 },
      { name: "localhost", port: 5432 },
      { name: "b", port: 65_535 },
    ],
  }],
  ["postgres://u@h/d?host=a,b&port=1,", {
    hosts: [{ name: "a", port: 1 }, { name: "b", port: 5432 }],
  }],
  ["postgres://u@h/d?keepalives=0", { keepAlive: false }],
  ["postgres://u@h/d?gssencmode=disable&target_session_attrs=read-write", {}],
  ["postgres://u@h/d?target_session_attrs=any&client_encoding=UTF8", {}],
];

for (const [url, expected] of CASES) {
  Deno.test(`readAddress() reads ${url}`, () => assertAddress(url, expected));
}

const MODES = [
  ...["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
];
for (const mode of MODES) {
  Deno.test(`readAddress() reads sslmode ${mode} from the URL and PGSSLMODE`, () => {
    const url = "postgres://u@h/d";
    const ofUrl = readAddress(`${url}?sslmode=${mode}`, () => undefined);
    assertEquals(ofUrl.tls.mode, mode);
    const ofVariable = readAddress(url, envOf({ PGSSLMODE: mode }));
    assertEquals(ofVariable.tls.mode, mode);
  });
}

Deno.test("readAddress() completes the URL from the environment", () => {
  assertAddress("postgres://", {
    hosts: [{ name: "h", port: 5 }],
    user: "u",
    password: "s",
    database: "d",
    options: "-c a=b",
  }, {
    PGHOST: "h",
    PGPORT: "5",
    PGUSER: "u",
    PGPASSWORD: "s",
    PGDATABASE: "d",
    PGOPTIONS: "-c a=b",
  });
});

Deno.test("readAddress() prefers the URL to the environment", () => {
  assertAddress("postgres://u:p@h:1/d?sslmode=require", {
    hosts: [{ name: "h", port: 1 }],
    password: "p",
  }, { PGHOST: "x", PGPORT: "9", PGPASSWORD: "x", PGSSLMODE: "disable" });
});

/** Each variable of libpq, and what it is in an address. */
const VARIABLES: readonly (readonly [string, string, Part])[] = [
  ["PGAPPNAME", "x", { applicationName: "x" }],
  ["PGCONNECT_TIMEOUT", "7", { connectTimeoutMs: 7_000 }],
  ["PGLOADBALANCEHOSTS", "random", { isRandom: true }],
  ["PGSSLCERT", "c", {
    tls: { ...tlsOf("prefer"), certificate: "c", key: "k" },
  }],
  ["PGSSLROOTCERT", "system", { tls: tlsOf("verify-full") }],
  ["PGCHANNELBINDING", "require", {
    tls: { ...tlsOf("prefer"), requiresBinding: true },
  }],
];

for (const [variable, value, expected] of VARIABLES) {
  Deno.test(`readAddress() reads ${variable}`, () =>
    assertAddress("postgres://u@h/d", expected, {
      ...(variable === "PGSSLCERT" ? { PGSSLKEY: "k" } : {}),
      [variable]: value,
    }));
}

Deno.test("readAddress() takes the system's user without another one", () => {
  assertAddress("postgres://h", { user: "s", database: "s" }, { USER: "s" });
  assertAddress("postgres://:p@h", { user: "s", password: "p" }, { USER: "s" });
});

const REFUSED: readonly (readonly [string, RegExp, Record<string, string>?])[] =
  [
    ["host=h dbname=d", /expected an address such as postgres:/],
    ["mysql://u@h/d", /expected an address such as postgres:/],
    ["xpostgres://u@h/d", /expected an address such as postgres:/],
    ["postgres://?service=a", /the service file "\/nowhere": /, {
      PGSERVICEFILE: "/nowhere",
    }],
    ["postgres://u:geheim@x@h/d", /"@" as %40/],
    ["postgres://u:gehe/im@h/d", /"\/" as %2F/],
    ["postgres://u:gehe?im@h/d", /"\?" as %3F/],
    ["postgres://u:100%geheim@h/d", /write "%" as %25/],
    ["postgres://u:geheim@h:port/d", /expected hosts such as/],
    ["postgres://u@h:70000/d", /port must be 1 to 65535/],
    ["postgres://u@h/d?host=a,b&port=1,2,3", /2 hosts and 3 ports/],
    ["postgres://h/d", /names no user/],
    ["postgres://u@/d", /names no host/],
    ["postgres://u@h/d", /sslmode must be disable/, { PGSSLMODE: "on" }],
    ["postgres://u@h/d?sslmode=require&sslrootcert=system", /verify-full/],
    ["postgres://u@h/d?sslcert=a.pem", /sslcert and sslkey/],
    ["postgres://u@h/d?channel_binding=require&sslmode=disable", /needs TLS/],
    ["postgres://u@h/d?gssencmode=require", /cannot use GSSAPI/],
    ["postgres://u@h/d?target_session_attrs=standby", /has to write/],
    ["postgres://u@h/d?client_encoding=LATIN1", /client_encoding must be UTF8/],
    ["postgres://u@h/d?connect_timeout=0", /connect_timeout must be 1 to 99/],
    ["postgres://u@h/d?connect_timeout=100", /connect_timeout must be 1 to/],
    ["postgres://u@h/d?statement_timeout=99", /100 to 999999 milliseconds/],
    ["postgres://u@h/d?statement_timeout=1000000", /100 to 999999 mill/],
    ["postgres://u@h/d?keepalives=2", /keepalives must be 0 or 1/],
    ["postgres://u@h:0/d", /port must be 1 to 65535/],
    ["postgres://u@h:65536/d", /port must be 1 to 65535/],
    ["postgres://u@h/d?sslkey=a.pem", /sslcert and sslkey/],
    ["postgres://u@h/d?a=b=c", /expected name=value/],
    ["postgres://u@h/d?sslcrl=a", /"sslcrl" is not supported/],
    ["postgres://u@h/d?schema=a", /"schema" is not supported/],
    ["postgres://u@h/d?work_mem=1GB", /"work_mem" is not supported/],
    ["postgres://u@h/d?toString=1", /"toString" is not supported/],
    ["postgres://u@h/d?a", /expected name=value/],
    ["postgres://u@h/d", /use GSSAPI/, { PGGSSENCMODE: "require" }],
    ["postgres://u@h/d", /to write/, { PGTARGETSESSIONATTRS: "standby" }],
    ["postgres://u@h/d", /must be UTF8/, { PGCLIENTENCODING: "LATIN1" }],
    ["postgres://u@h/d?service=a", /PGSERVICEFILE is not set/],
  ];

/** Parameters with a value that they may have, and what is said of others. */
const CHECKED: readonly (readonly [string, string, string])[] = [
  ["port", "5432", "numbers"],
  [
    "sslmode",
    "require",
    "disable, allow, prefer, require, verify-ca or verify-full",
  ],
  ["channel_binding", "prefer", "disable, prefer or require"],
  ["gssencmode", "disable", "disable or prefer; the central cannot use GSSAPI"],
  [
    "target_session_attrs",
    "primary",
    "any, read-write or primary; the central has to write",
  ],
  ["load_balance_hosts", "random", "disable or random"],
  ["client_encoding", "utf-8", "UTF8"],
  ["connect_timeout", "9", "1 to 99 seconds"],
  ["keepalives", "1", "0 or 1"],
  ["keepalives_idle", "1", "seconds"],
  ["keepalives_interval", "1", "seconds"],
  ["keepalives_count", "1", "a number"],
  ["tcp_user_timeout", "1", "milliseconds"],
  ["statement_timeout", "100", "100 to 999999 milliseconds"],
];

for (const [name, value, expected] of CHECKED) {
  Deno.test(`readAddress() checks the whole value of ${name}`, () => {
    const read = (value: string) =>
      readAddress(`postgres://u@h/d?${name}=${value}`, () => undefined);
    read(value);
    for (const bad of [`x${value}`, `${value}x`]) {
      const { message } = assertThrows(() => read(bad), ProgramError);
      assertEquals(
        message,
        `Cannot use store.url: ${name} must be ${expected}, not "${bad}"`,
      );
    }
  });
}

const UNSUPPORTED = [
  ...["PGHOSTADDR", "PGREQUIREAUTH", "PGREQUIREPEER", "PGREQUIRESSL"],
  ...["PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE", "PGSSLNEGOTIATION"],
  ...["PGSSLSNI", "PGSSLMINPROTOCOLVERSION", "PGSSLMAXPROTOCOLVERSION"],
  ...["PGGSSDELEGATION", "PGGSSLIB", "PGKRBSRVNAME"],
];

Deno.test("readAddress() refuses variables with another effect than it has", () => {
  for (const variable of UNSUPPORTED) {
    assertThrows(
      () => readAddress("postgres://u@h/d", envOf({ [variable]: "x" })),
      ProgramError,
      `the variable ${variable} is not supported`,
    );
  }
});

for (const [url, reason, env] of REFUSED) {
  Deno.test(`readAddress() refuses ${url} ${JSON.stringify(env ?? "")}`, () => {
    const error = assertThrows(
      () => readAddress(url, envOf(env ?? {})),
      ProgramError,
    );
    assertEquals(reason.test(error.message), true, error.message);
    assertEquals(/geheim|gehe|\n/.test(error.message), false, error.message);
  });
}

Deno.test("readAddress() names a variable that is not UTF-8", () => {
  for (const variable of ["PGPASSWORD", "HOME"]) {
    assertThrows(
      () =>
        readAddress("postgres://u@h/d", (name) => {
          if (name !== variable) return undefined;
          throw new Deno.errors.InvalidData("not unicode: geheim");
        }),
      ProgramError,
      `Cannot use ${variable}: it is not UTF-8`,
    );
  }
});

Deno.test("describeAddress() leaves out the password", () => {
  const address = readAddress(
    "postgres://u:geheim@h,[::1]:2/d?a=b".replace("?a=b", ""),
    () => undefined,
  );
  assertEquals(describeAddress(address), "h:5432,[::1]:2/d");
});

Deno.test("readAddress() reads a service of PGSERVICEFILE", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(
    path,
    "[other]\nhost=x\n\n[lottery]\n# a comment\nhost=h\nport=7\nuser=u\ndbname=d\n[last]\nport=9\n",
  );
  const hosts = [{ name: "h", port: 7 }];
  const env = { PGSERVICEFILE: path };
  assertAddress("postgres://?service=lottery", { hosts, user: "u" }, env);
  assertAddress("postgres://", { hosts, database: "d" }, {
    ...env,
    PGSERVICE: "lottery",
  });
  assertThrows(
    () => readAddress("postgres://?service=none", envOf(env)),
    ProgramError,
    'no service "none"',
  );
  await Deno.remove(path);
});

Deno.test("readAddress() takes the password from PGPASSFILE", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "h:5432:d:u:secreto\n");
  await Deno.chmod(path, 0o600);
  assertAddress("postgres://u@h/d", { password: "secreto" }, {
    PGPASSFILE: path,
  });
  await Deno.chmod(path, 0o644);
  assertThrows(
    () =>
      passwordOf(readAddress("postgres://u@h/d", envOf({ PGPASSFILE: path }))),
    ProgramError,
    "expected mode 0600",
  );
  await Deno.remove(path);
});

Deno.test("readAddress() reads the files in the user's folder", async () => {
  const home = await Deno.makeTempDir();
  const env = { HOME: home };
  const url = "postgres://u@h/d";
  // A missing file has no passwords.
  assertAddress(url, { password: undefined }, env);
  await Deno.writeTextFile(`${home}/.pgpass`, "h:*:*:*:s\n", { mode: 0o600 });
  assertAddress(url, { password: "s" }, env);
  await Deno.writeTextFile(`${home}/.pg_service.conf`, "[l]\nport=7\n");
  assertAddress(`${url}?service=l`, { hosts: [{ name: "h", port: 7 }] }, env);
  await Deno.remove(home, { recursive: true });
});

Deno.test("findPassword() matches as libpq does", () => {
  const key = { host: "h", port: 5, database: "d", user: "u" };
  const file =
    "#h:5:d:u:no\nx:5:d:u:no\nh:6:d:u:no\nh:5:d:u:a\\:b\\\\c\n*:*:*:*:x";
  assertEquals(findPassword(file, key), "a:b\\c");
  assertEquals(findPassword(file.replaceAll("\n", "\r\n"), key), "a:b\\c");
  assertEquals(findPassword(file, { ...key, user: "v" }), "x");
  assertEquals(
    findPassword("localhost:*:*:*:s", { ...key, host: "/run" }),
    "s",
  );
  assertEquals(findPassword("h:5:d:u", key), undefined);
  assertEquals(findPassword("", key), undefined);
});

/** The settings of a mode alone. */
function tlsOf(mode: string): Address["tls"] {
  return {
    mode,
    rootCertificate: undefined,
    certificate: undefined,
    key: undefined,
    requiresBinding: false,
  };
}

function assertAddress(
  url: string,
  expected: Part,
  env: Record<string, string> = {},
): void {
  const address = readAddress(url, envOf(env));
  const found: Part = { ...address, password: passwordOf(address) };
  for (const [name, value] of Object.entries(expected)) {
    assertEquals(found[name as keyof Part], value, name);
  }
}

function passwordOf(address: Address): string | undefined {
  return address.passwordFor(address.hosts[0]!);
}

function envOf(variables: Record<string, string>) {
  return (name: string) => variables[name];
}
