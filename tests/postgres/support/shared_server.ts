/**
 * One server for all tests of a file, each with a database of its own.
 *
 * @module
 */

import { Cluster } from "./cluster.ts";
import type { TestDatabase } from "./test_database.ts";

let server: Promise<Cluster> | undefined;

Deno.test.afterAll(async () => {
  await (await server)?.[Symbol.asyncDispose]();
});

/** The server, started at the first use. It does not survive a machine crash. */
export function sharedServer(): Promise<Cluster> {
  return server ??= Cluster.start({
    fsync: "off",
    full_page_writes: "off",
    max_prepared_transactions: "5",
  });
}

/** Makes an empty database on the server. */
export async function freshDatabase(options = ""): Promise<TestDatabase> {
  return await (await sharedServer()).createDatabase(options);
}
