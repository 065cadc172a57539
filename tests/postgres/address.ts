import { assertEquals, assertThrows } from "@std/assert";
import {
  type Address,
  describeAddress,
  readAddress,
} from "../../postgres/connection/address.ts";
import { ProgramError } from "../../program/errors.ts";

/** What of an address is compared; the rest has its defaults. */
type Part = Partial<Record<keyof Address | "password", unknown>>;

const URLS: readonly (readonly [string, Part])[] = [
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
    hosts: hostsOf(["h", 1], ["::1", 2], ["10.0.0.1", 5432]),
    password: undefined,
  }],
  ["postgres://u@a:1,,b:65535/d", {
    hosts: hostsOf(["a", 1], ["localhost", 5432], ["b", 65_535]),
  }],
  ["postgres://u@h/d?host=a,b&port=7", { hosts: hostsOf(["a", 7], ["b", 7]) }],
  ["postgres://u@h/d?host=a,b&port=1,", {
    hosts: hostsOf(["a", 1], ["b", 5432]),
  }],
  ["postgres://u@%2Fvar%2Frun/d", { hosts: hostsOf(["/var/run", 5432]) }],
  ["postgres:///d?host=/var/run/postgresql&port=6432&user=u", {
    hosts: hostsOf(["/var/run/postgresql", 6432]),
  }],
  ["postgres://u%40x:p%2F%3A%25%40@h/mi%20base", {
    user: "u@x",
    password: "p/:%@",
    database: "mi base",
  }],
  ["postgres://u:a:b@h/d", { password: "a:b" }],
  ["postgres://u@h", { database: "u" }],
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
  ["postgres://u@h/d?fallback_application_name=f&application_name=x", {
    applicationName: "x",
  }],
  ["postgres://u@h/d?ssl=true", { tls: tlsOf("require") }],
  ["postgres://u@h/d?ssl=true&sslmode=verify-ca", { tls: tlsOf("verify-ca") }],
  ["postgres://u@h/d?sslrootcert=r&sslcert=c&sslkey=k", {
    tls: {
      ...tlsOf("prefer"),
      ...{ rootCertificate: "r", certificate: "c", key: "k" },
    },
  }],
];

for (const [url, expected] of URLS) {
  Deno.test(`readAddress() reads ${url}`, () => assertAddress(url, expected));
}

/**
 * Each parameter of a URL, its variable if there is one, a value and what it
 * means, and what is said of other values.
 */
const PARAMETERS: readonly (readonly [
  name: string,
  variable: string | undefined,
  value: string,
  meaning: Part,
  expected?: string,
])[] = [
  ["port", "PGPORT", "7", { hosts: hostsOf(["h", 7]) }, "numbers"],
  ["options", "PGOPTIONS", "-csearch_path=a", { options: "-csearch_path=a" }],
  ["application_name", "PGAPPNAME", "x", { applicationName: "x" }],
  ["fallback_application_name", undefined, "f", { applicationName: "f" }],
  [
    ...["connect_timeout", "PGCONNECT_TIMEOUT", "10"] as const,
    { connectTimeoutMs: 10_000 },
    "1 to 99 seconds",
  ],
  [
    ...["statement_timeout", undefined, "20000"] as const,
    { statementTimeoutMs: 20_000 },
    "100 to 999999 milliseconds",
  ],
  [
    ...["load_balance_hosts", "PGLOADBALANCEHOSTS", "random"] as const,
    { isRandom: true },
    "disable or random",
  ],
  ["keepalives", undefined, "0", { keepAlive: false }, "0 or 1"],
  ["keepalives_idle", undefined, "30", { keepAliveDelayMs: 30_000 }, "seconds"],
  ["keepalives_interval", undefined, "5", {}, "seconds"],
  ["keepalives_count", undefined, "3", {}, "a number"],
  ["tcp_user_timeout", undefined, "1", {}, "milliseconds"],
  [
    ...["channel_binding", "PGCHANNELBINDING", "require"] as const,
    { tls: { ...tlsOf("prefer"), requiresBinding: true } },
    "disable, prefer or require",
  ],
  [
    ...["gssencmode", "PGGSSENCMODE", "disable", {}] as const,
    "disable or prefer; the central cannot use GSSAPI",
  ],
  ...["any", "read-write", "primary"].map((value) =>
    [
      ...["target_session_attrs", "PGTARGETSESSIONATTRS", value, {}] as const,
      "any, read-write or primary; the central has to write",
    ] as const
  ),
  ...["UTF8", "utf-8"].map((value) =>
    ["client_encoding", "PGCLIENTENCODING", value, {}, "UTF8"] as const
  ),
  ["sslrootcert", "PGSSLROOTCERT", "system", { tls: tlsOf("verify-full") }],
  ...["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].map(
    (mode) =>
      [
        ...["sslmode", "PGSSLMODE", mode, { tls: tlsOf(mode) }] as const,
        "disable, allow, prefer, require, verify-ca or verify-full",
      ] as const,
  ),
];

for (const [name, variable, value, meaning, expected] of PARAMETERS) {
  Deno.test(`readAddress() reads ${name}=${value} of the URL and of ${variable ?? "no variable"}`, () => {
    const url = "postgres://u@h/d";
    const ofUrl = (value: string) =>
      [`${url}?${name}=${encodeURIComponent(value)}`, {}] as const;
    const ofVariable = (value: string) =>
      [url, { [variable!]: value }] as const;
    for (const of of variable ? [ofUrl, ofVariable] : [ofUrl]) {
      const [url, env] = of(value);
      assertAddress(url, meaning, env);
      if (!expected) continue;
      for (const bad of [`x${value}`, `${value}x`]) {
        const [url, env] = of(bad);
        const { message } = assertThrows(
          () => readAddress(url, envOf(env)),
          ProgramError,
        );
        assertEquals(
          message,
          `Cannot use store.url: ${name} must be ${expected}, not "${bad}"`,
        );
      }
    }
  });
}

Deno.test("readAddress() completes the URL from the environment", () => {
  assertAddress("postgres://", {
    hosts: hostsOf(["h", 5]),
    user: "u",
    password: "s",
    database: "d",
    tls: { ...tlsOf("prefer"), certificate: "c", key: "k" },
  }, {
    PGHOST: "h",
    PGPORT: "5",
    PGUSER: "u",
    PGPASSWORD: "s",
    PGDATABASE: "d",
    PGSSLCERT: "c",
    PGSSLKEY: "k",
  });
});

Deno.test("readAddress() prefers the URL to the environment", () => {
  assertAddress("postgres://u:p@h:1/d?sslmode=require", {
    hosts: hostsOf(["h", 1]),
    password: "p",
    tls: tlsOf("require"),
  }, { PGHOST: "x", PGPORT: "9", PGPASSWORD: "x", PGSSLMODE: "disable" });
});

Deno.test("readAddress() takes the system's user without another one", () => {
  assertAddress("postgres://h", { user: "s", database: "s" }, { USER: "s" });
  assertAddress("postgres://:p@h", { user: "s", password: "p" }, { USER: "s" });
});

const REFUSED: readonly (readonly [string, RegExp, Record<string, string>?])[] =
  [
    ["host=h dbname=d", /expected an address such as postgres:/],
    ["xpostgres://u@h/d", /expected an address such as postgres:/],
    ["postgres://?service=a", /the service file "\/nowhere": /, {
      PGSERVICEFILE: "/nowhere",
    }],
    ["postgres://u:geheim@x@h/d", /"@" as %40/],
    ["postgres://u:gehe/im@h/d", /"\/" as %2F/],
    ["postgres://u:gehe?im@h/d", /"\?" as %3F/],
    ["postgres://u:100%geheim@h/d", /write "%" as %25/],
    ["postgres://u:geheim@h:port/d", /expected hosts such as/],
    ["postgres://u@h/d?host=a,b&port=1,2,3", /2 hosts and 3 ports/],
    ["postgres://h/d", /names no user/],
    ["postgres://u@/d", /names no host/],
    ["postgres://u@h/d?sslmode=require&sslrootcert=system", /verify-full/],
    ["postgres://u@h/d?sslcert=a.pem", /sslcert and sslkey/],
    ["postgres://u@h/d?channel_binding=require&sslmode=disable", /needs TLS/],
    ["postgres://u@h/d?connect_timeout=0", /connect_timeout must be 1 to 99/],
    ["postgres://u@h/d?connect_timeout=100", /connect_timeout must be 1 to/],
    ["postgres://u@h/d?statement_timeout=99", /100 to 999999 milliseconds/],
    ["postgres://u@h/d?statement_timeout=1000000", /100 to 999999 mill/],
    ["postgres://u@h:0/d", /port must be 1 to 65535/],
    ["postgres://u@h:65536/d", /port must be 1 to 65535/],
    ["postgres://u@h/d?sslkey=a.pem", /sslcert and sslkey/],
    ["postgres://u@h/d?a=b=c", /expected name=value/],
    ["postgres://u@h/d?sslcrl=a", /"sslcrl" is not supported/],
    ["postgres://u@h/d?toString=1", /"toString" is not supported/],
    ["postgres://u@h/d?a", /expected name=value/],
    ["postgres://u@h/d?service=a", /PGSERVICEFILE is not set/],
  ];

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

Deno.test("describeAddress() leaves out the password", () => {
  const address = readAddress("postgres://u:geheim@h,[::1]:2/d", envOf({}));
  assertEquals(describeAddress(address), "h:5432,[::1]:2/d");
});

Deno.test("readAddress() reads the files that variables name, or those in the user's folder", async () => {
  const home = await Deno.makeTempDir();
  const [passwords, services] = [`${home}/.pgpass`, `${home}/.pg_service.conf`];
  const url = "postgres://u@h/d?service=l";
  await Deno.writeTextFile(passwords, "h:7:*:*:s\n", { mode: 0o600 });
  await Deno.writeTextFile(services, "[l]\nport=7\n");
  for (
    const env of [
      { HOME: home },
      { HOME: "/nowhere", PGPASSFILE: passwords, PGSERVICEFILE: services },
    ]
  ) {
    const found = { hosts: hostsOf(["h", 7]), password: "s" };
    assertAddress(url, found, env);
    assertAddress("postgres://u@h/d", found, { ...env, PGSERVICE: "l" });
  }
  await Deno.remove(home, { recursive: true });
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

function hostsOf(...hosts: [name: string, port: number][]): Address["hosts"] {
  return hosts.map(([name, port]) => ({ name, port }));
}

function assertAddress(
  url: string,
  expected: Part,
  env: Record<string, string> = {},
): void {
  const address = readAddress(url, envOf(env));
  const found: Part = {
    ...address,
    password: address.passwordFor(address.hosts[0]!),
  };
  for (const [name, value] of Object.entries(expected)) {
    assertEquals(found[name as keyof Part], value, name);
  }
}

function envOf(variables: Record<string, string>) {
  return (name: string) => variables[name];
}
