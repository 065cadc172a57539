// Inspects a database without changing it: its encoding, tables, keys, and the
// role's rights.

import type { Ask } from "../connection/database.ts";
import { UnfitDatabaseError } from "../connection/errors.ts";
import type { Session } from "../connection/session.ts";
import { checkVersion, TABLES, type TableShape } from "./tables.ts";

/** Every version of the tables includes this one. */
const MAIN_TABLE = "loteria";
/** A table of version 1; `agencies` has replaced it. */
const OLD_TABLE = "finished";
/** Bits of `pg_trigger.tgtype`, by PostgreSQL's `catalog/pg_trigger.h`. */
const ROW_BEFORE = 1 + 2;
const INSERT_OR_UPDATE = 4 + 16;
/** Reading the catalog takes milliseconds. */
const TIMEOUT_MS = 8_000;

/**
 * The tables with our names, in every schema. `parts` are their partitions and
 * children too. An interceptor is a trigger or rule that may change or drop a
 * row before it is stored: an `OK` for it would be false.
 */
const FIND_TABLES = `
  WITH RECURSIVE found AS (
    SELECT c.oid, relname, relkind, nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relname = ANY ($1) AND relkind IN ('r', 'p', 'v', 'm', 'f')
    AND nspname !~ '^pg_' AND nspname <> 'information_schema'
  ), parts (root, part) AS (
    SELECT oid, oid FROM found
    UNION ALL SELECT root, inhrelid FROM pg_inherits JOIN parts ON inhparent = part
  )
  SELECT c.nspname AS schema, c.relname AS name,
    c.nspname = ANY (current_schemas(false)) AS "isOnPath",
    c.relkind IN ('r', 'p') AS "isTable",
    (SELECT bool_and(relpersistence = 'p') FROM parts JOIN pg_class p ON p.oid = part
      WHERE root = c.oid) AS "isLogged",
    c.relkind = 'r' AND
      EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS "hasChildren",
    row_security_active(c.oid) AS "isFiltered",
    (SELECT json_agg(name) FROM (
      SELECT tgname AS name FROM parts JOIN pg_trigger ON tgrelid = part
      WHERE root = c.oid AND NOT tgisinternal AND tgenabled <> 'D'
      AND tgtype & ${ROW_BEFORE} = ${ROW_BEFORE} AND tgtype & ${INSERT_OR_UPDATE} <> 0
      UNION SELECT rulename FROM pg_rewrite
      WHERE ev_class = c.oid AND ev_type IN ('2', '3') AND ev_enabled <> 'D'
    ) AS i) AS interceptors,
    (SELECT json_object_agg(attname, format_type(atttypid, atttypmod))
      FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
      AND NOT attisdropped) AS columns,
    (SELECT json_agg(a.attname ORDER BY k.place)
      FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place),
        pg_attribute a
      WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid
      AND i.indimmediate AND a.attrelid = c.oid AND a.attnum = k.number) AS key,
    (SELECT json_agg(r) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS r
      WHERE has_table_privilege(c.oid, r)) AS rights
  FROM found c ORDER BY 1, 2`;

/** Reads locks only because the draw does, which a role may be denied. */
const FIND_SERVER = `SELECT current_setting('server_encoding') AS encoding,
  current_schema() AS schema, current_user AS role,
  (SELECT json_agg(name) FROM unnest(ARRAY['fsync', 'full_page_writes']) AS name
    WHERE current_setting(name, true) = 'off') AS unsafe,
  (SELECT count(*) FROM pg_locks) AS locks`;

interface FoundTable extends TableShape {
  schema: string;
  name: string;
  isOnPath: boolean;
  isTable: boolean;
  isLogged: boolean;
  hasChildren: boolean;
  interceptors: readonly string[] | null;
  isFiltered: boolean;
}

export interface Inspection {
  /**
   * Schema of the tables, quoted for statements; `undefined` without tables.
   */
  schema: string | undefined;
  /** Version of the tables; `undefined` without tables. */
  version: number | undefined;
  role: string;
  /** Settings that are off, so that a crash of the machine may lose bets. */
  unsafe: readonly string[];
  tables: readonly FoundTable[];
}

/**
 * Inspects the database in one snapshot, even while another central upgrades
 * its tables. Throws if no central can use it; then the connection must not be
 * used.
 */
export async function inspect(session: Session): Promise<Inspection> {
  const ask: Ask = (text, values = []) =>
    session.query(text, values, { timeoutMs: TIMEOUT_MS });
  await ask("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  const inspection = await look(ask);
  await ask("COMMIT");
  return inspection;
}

async function look(ask: Ask): Promise<Inspection> {
  const [server] = (await ask(FIND_SERVER)).rows;
  const { encoding, schema: current, role, unsafe } = server as {
    encoding: string;
    schema: string | null;
    role: string;
    unsafe: string[] | null;
  };
  if (encoding !== "UTF8") {
    throw new UnfitDatabaseError(
      `its encoding is ${encoding}, expected UTF8, which can hold every name`,
    );
  }
  const names = [...Object.keys(TABLES), OLD_TABLE];
  const found = (await ask(FIND_TABLES, [names]))
    .rows as unknown as FoundTable[];
  const schema = schemaOf(found, current);
  const inspection = { role, unsafe: unsafe ?? [] };
  if (schema === undefined) {
    return { ...inspection, schema, version: undefined, tables: [] };
  }
  const tables = found.filter((table) => table.schema === schema);
  const version = await versionOf(ask, schema, tables);
  return { ...inspection, schema: quoteName(schema), version, tables };
}

/** Checks that the tables of this version are as required. */
export function checkTables({ tables, role, version }: Inspection): void {
  checkVersion(version);
  for (const [name, shape] of Object.entries(TABLES)) {
    checkTable(name, shape, tables.find((found) => found.name === name), role);
  }
}

function checkTable(
  name: string,
  { columns, key, rights }: TableShape,
  found: FoundTable | undefined,
  role: string,
): void {
  const problem = (text: string) =>
    new UnfitDatabaseError(`its table ${name} ${text}`);
  if (!found) throw problem("is missing");
  if (!found.isTable) throw problem("is a view or a foreign table");
  if (!found.isLogged) {
    throw problem("or a part of it is UNLOGGED, which a crash empties");
  }
  if (found.hasChildren) {
    throw problem("has inheritance children, which its key does not cover");
  }
  if (found.interceptors) {
    throw problem(
      `has a trigger or rule that may change or drop rows: ${
        found.interceptors.join(", ")
      }; use an AFTER trigger or a default`,
    );
  }
  if (found.isFiltered) throw problem("hides rows (row-level security)");
  for (const [column, type] of Object.entries(columns)) {
    const other = found.columns[column];
    if (other === type) continue;
    throw problem(
      `has ${other ?? "no"} column ${column}, expected ${column} ${type}`,
    );
  }
  if (found.key?.join() !== key.join()) {
    throw problem(
      `has ${
        found.key ? `the primary key (${found.key.join()})` : "no primary key"
      }, expected (${key.join()})`,
    );
  }
  for (const right of rights) {
    if (found.rights?.includes(right)) continue;
    throw problem(
      `does not allow ${right} to the role ${role}: permission denied`,
    );
  }
}

/** Finds the only schema with our tables. */
function schemaOf(
  found: readonly FoundTable[],
  current: string | null,
): string | undefined {
  const onPath = schemasOf(found.filter(({ isOnPath }) => isOnPath));
  if (onPath.length > 1) {
    throw new UnfitDatabaseError(
      `several schemas of the search path have its tables: ${
        onPath.join(", ")
      }; expected one`,
    );
  }
  const [schema] = onPath;
  if (schema !== undefined) return schema;
  const elsewhere = schemasOf(
    found.filter(({ name }) => name === MAIN_TABLE),
  );
  if (elsewhere.length > 0) {
    throw new UnfitDatabaseError(
      `its tables are in the schema ${
        elsewhere.join(", ")
      }, which is not on the search path; add ?options=-csearch_path%3D${
        elsewhere[0]
      } to the address, or remove the tables`,
    );
  }
  if (current === null) {
    throw new UnfitDatabaseError("no schema of the search path exists");
  }
  return undefined;
}

function schemasOf(tables: readonly FoundTable[]): string[] {
  return [...new Set(tables.map(({ schema }) => schema))];
}

async function versionOf(
  ask: Ask,
  schema: string,
  tables: readonly FoundTable[],
): Promise<number> {
  const names = tables.map(({ name }) => name);
  if (!names.includes(MAIN_TABLE)) {
    throw new UnfitDatabaseError(
      `the schema ${schema} has ${
        names.join(", ")
      }, but not ${MAIN_TABLE}; restore all its tables, or remove these`,
    );
  }
  const { rows } = await ask(
    `SELECT version FROM ${quoteName(schema)}.${MAIN_TABLE}`,
  );
  if (rows.length === 1) return Number(rows[0]!["version"]);
  throw new UnfitDatabaseError(
    `its table ${MAIN_TABLE} has ${rows.length} rows, expected one`,
  );
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
