import { assertEquals, assertRejects } from "@std/assert";
import { PostgresStore } from "../../postgres/postgres_store.ts";
import { ProgramError } from "../../program/errors.ts";
import { PEM } from "../support/certificates.ts";
import { testFault as test } from "../faults/plan.ts";
import type { Cluster } from "./support/cluster.ts";
import { sharedServer } from "./support/shared_server.ts";
import { TlsInterceptor } from "./support/tls_interceptor.ts";

const CA = `sslrootcert=${PEM.ca}`;
const OTHER_CA = `sslrootcert=${PEM.otherCa}`;

/** Parameters, and whether the connection is encrypted, or why there is none. */
const WITH_TLS: readonly (readonly [string, boolean | RegExp])[] = [
  ["sslmode=disable", false],
  ["sslmode=allow", false],
  ["sslmode=prefer", true],
  ["", true],
  ["sslmode=require", true],
  [`sslmode=require&${OTHER_CA}`, /certificate/],
  [`sslmode=verify-ca&${CA}`, true],
  [`sslmode=verify-ca&${OTHER_CA}`, /certificate/],
  [`sslmode=verify-full&${CA}`, true],
  [`sslmode=verify-full&${OTHER_CA}`, /certificate/],
  ["sslmode=verify-full", /certificate/],
  ["sslmode=verify-full&sslrootcert=/nowhere.pem", /nowhere/],
  [`sslmode=verify-full&${CA}&channel_binding=require`, true],
  ["sslmode=allow&channel_binding=require", true],
];
const WITHOUT_TLS: readonly (readonly [string, boolean | RegExp])[] = [
  ["sslmode=allow", false],
  ["sslmode=prefer", false],
  ["sslmode=require", /does not support SSL/],
  ["sslmode=prefer&channel_binding=require", /does not support SSL/],
];

test("sslmode has the same meaning as for libpq", async () => {
  const cluster = await sharedServer();
  await (await PostgresStore.open(cluster.url)).close();
  await assertModes(cluster, WITHOUT_TLS);
  await tlsServer();
  await assertModes(cluster, WITH_TLS);
  // The certificate is for 127.0.0.1, localhost and ::1.
  const renamed = cluster.url.replace("127.0.0.1", "127.0.0.2");
  await cluster.allow(["host all all 127.0.0.0/8 scram-sha-256"]);
  await assertMode(cluster, `${renamed}?sslmode=verify-ca&${CA}`, true);
  await assertMode(cluster, `${renamed}?sslmode=verify-full&${CA}`, /IP/);
});

test("Session connects to a server that accepts only one kind of connection", async () => {
  const cluster = await tlsServer();
  const url = cluster.url;
  await cluster.allow([
    "local all all scram-sha-256",
    "hostssl all all 127.0.0.1/32 scram-sha-256",
  ]);
  await assertMode(cluster, `${url}?sslmode=allow`, true);
  await assertMode(
    cluster,
    `${url}?sslmode=allow&${OTHER_CA}`,
    /certificate/,
  );
  await assertMode(cluster, `${url}?sslmode=disable`, /no encryption/);
  await cluster.allow(["hostnossl all all 127.0.0.1/32 scram-sha-256"]);
  await assertMode(cluster, `${url}?sslmode=prefer`, false);
  await assertMode(cluster, `${url}?sslmode=require`, /pg_hba/);
});

test("channel_binding detects a TLS interceptor", async () => {
  const cluster = await tlsServer();
  using interceptor = await TlsInterceptor.start(cluster.port);
  const url = cluster.url.replace(`:${cluster.port}/`, `:${interceptor.port}/`);
  await assertMode(cluster, `${url}?sslmode=require`, true);
  const bound = `${url}?sslmode=require&channel_binding=require`;
  await assertMode(cluster, bound, /channel binding check failed/);
});

test("Session authenticates with a client certificate instead of a password", async () => {
  const cluster = await tlsServer();
  await cluster.query("CREATE ROLE localhost LOGIN SUPERUSER");
  await cluster.allow([
    "host all loteria 127.0.0.1/32 scram-sha-256",
    "hostssl all localhost 127.0.0.1/32 cert",
  ]);
  const url = cluster.url.replace("loteria:secreto", "localhost");
  const files = `sslcert=${PEM.server}&sslkey=${PEM.serverKey}`;
  await assertMode(cluster, `${url}?sslmode=require&${files}`, true);
  await assertMode(cluster, `${url}?sslmode=require`, /certificate/);
});

test("Session connects to a Unix socket and uses percent-encoded names", async () => {
  const cluster = await tlsServer();
  await cluster.query('CREATE DATABASE "mi base/1"');
  await cluster.query(`CREATE ROLE "u@x" LOGIN SUPERUSER PASSWORD 'p:/@%?#'`);
  const credentials = "u%40x:p%3A%2F%40%25%3F%23";
  const name = "mi%20base%2F1";
  const { port, socketFolder } = cluster;
  const socket =
    `postgres://${credentials}@/${name}?host=${socketFolder}&port=${port}`;
  // As with libpq, sslmode is about TCP only.
  await assertMode(cluster, `${socket}&sslmode=verify-full`, false);
  const bound = `${socket}&channel_binding=require`;
  await assertMode(cluster, bound, /not a Unix socket/);
  await (await PostgresStore.open(
    `postgres://${credentials}@localhost:${port}/${name}`,
  )).close();
});

/** A server that speaks TLS, and takes everybody with a password. */
async function tlsServer(): Promise<Cluster> {
  const cluster = await sharedServer();
  await cluster.allow([
    "local all all trust",
    "host all all all scram-sha-256",
  ]);
  await (certified ??= cluster.installCertificate());
  return cluster;
}

let certified: Promise<void> | undefined;
/** Numbers the attempts: connections of the last one may remain. */
let attempts = 0;

async function assertModes(
  cluster: Cluster,
  modes: readonly (readonly [string, boolean | RegExp])[],
): Promise<void> {
  for (const [parameters, outcome] of modes) {
    await assertMode(cluster, `${cluster.url}?${parameters}`, outcome);
  }
}

async function assertMode(
  cluster: Cluster,
  url: string,
  outcome: boolean | RegExp,
): Promise<void> {
  if (outcome instanceof RegExp) {
    const error = await assertRejects(
      () => PostgresStore.open(url),
      ProgramError,
    );
    assertEquals(outcome.test(error.message), true, `${url} ${error.message}`);
    return;
  }
  const name = `attempt${attempts++}`;
  const store = await PostgresStore.open(`${url}&application_name=${name}`);
  const encrypted = await cluster.query(
    `SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE application_name = '${name}'`,
  );
  await store.close();
  assertEquals(encrypted, outcome ? "t" : "f", url);
}
