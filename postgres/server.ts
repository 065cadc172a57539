/**
 * The central on a PostgreSQL database: `deno task server:postgres`.
 *
 * @module
 */

import { runProgram } from "../program/program.ts";
import { runCentral } from "../server.ts";
import { PostgresStore } from "./postgres_store.ts";

if (import.meta.main) {
  await runProgram(
    "server",
    (context) => runCentral(context, PostgresStore.open),
    { task: "server:postgres" },
  );
}
