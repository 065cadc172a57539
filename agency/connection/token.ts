// The agency's token.

import { readVariable } from "../../program/config/config.ts";
import { TOKEN_VARIABLE } from "../../program/config/config_names.ts";
import { ProgramError, reasonOf } from "../../program/errors.ts";
import { MAX_TOKEN_BYTES } from "../../protocol/mod.ts";

/**
 * Returns the agency's token, 1 to 255 bytes, or `undefined` if it has none.
 * `file` ("" for none) is read if the environment has none. Throws a
 * `ProgramError` if the file cannot be read or the token is invalid. Error
 * messages never contain the token.
 */
export async function readToken(
  env: (variable: string) => string | undefined,
  file: string,
): Promise<Uint8Array | undefined> {
  // Secret stores and editors add line ends.
  const given = (readVariable(TOKEN_VARIABLE, env) ?? "").trim();
  if (given !== "") return checked(given, TOKEN_VARIABLE);
  if (file === "") return undefined;
  return checked((await readText(file)).trim(), `agency.tokenFile "${file}"`);
}

function checked(text: string, source: string): Uint8Array {
  const token = new TextEncoder().encode(text);
  if (token.length >= 1 && token.length <= MAX_TOKEN_BYTES) return token;
  throw new ProgramError(
    `Cannot use ${source}: it has ${token.length} bytes, expected 1 to ${MAX_TOKEN_BYTES}`,
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new ProgramError(
      `Cannot read agency.tokenFile "${file}": ${reasonOf(cause)}`,
      { cause },
    );
  }
}
