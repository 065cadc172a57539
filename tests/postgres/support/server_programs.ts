/**
 * Runs PostgreSQL's programs as the user that owns a server's files.
 *
 * @module
 */

/** The system user that runs the server; it refuses to run as root. */
export const SYSTEM_USER = "postgres";

/** Makes a folder that the server may write to. */
export async function ownFolder(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "loteria-postgres-" });
  if (isRoot()) await run("chown", [SYSTEM_USER, dir]);
  return dir;
}

/** Whether programs have to be run as another user. */
export function isRoot(): boolean {
  return Deno.uid() === 0;
}

/** Runs a program of PostgreSQL as the user that owns its files. */
export async function runAsOwner(
  program: string,
  args: string[],
): Promise<string> {
  const path = `${Deno.env.get("PG_PROGRAMS")}/${program}`;
  return isRoot()
    ? await run("runuser", ["-u", SYSTEM_USER, "--", path, ...args])
    : await run(path, args);
}

/** Runs a program, and returns what it prints. Throws if it fails. */
export async function run(program: string, args: string[]): Promise<string> {
  const isOwn = program === "psql";
  const path = isOwn ? `${Deno.env.get("PG_PROGRAMS")}/${program}` : program;
  const command = `${program} ${args.join(" ")}`;
  // A started server would keep a pipe open.
  if (args.includes("-o")) {
    const { code } = await new Deno.Command(path, {
      args,
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn().status;
    if (code !== 0) throw new Error(`Cannot run ${command}`);
    return "";
  }
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args,
    cwd: "/",
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout).trim();
  if (code === 0) return output;
  const reason = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot run ${command}: ${output}${reason}`);
}
