// Tests that need permissions: run where they are granted, and elsewhere
// ignored under a name that says why, so that a bare `deno test` passes.

/** Registers a test that needs permissions. */
export function testWith(
  needs: readonly Deno.PermissionName[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = needs.filter((need) =>
    Deno.permissions.querySync({ name: need }).state !== "granted"
  );
  const flags = missing.map((need) => `--allow-${need}`).join(" ");
  Deno.test({
    name: missing.length > 0 ? `${name} (ignored: needs ${flags})` : name,
    ignore: missing.length > 0,
    fn,
  });
}
