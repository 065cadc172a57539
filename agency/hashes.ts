// SHA-256 hashes of contents and paths.

const SHORT_BYTES = 8;

export async function sha256(
  content: Uint8Array | string,
): Promise<Uint8Array> {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** The first 8 bytes of the SHA-256, as 16 hex digits. */
export async function shortHash(content: Uint8Array | string): Promise<string> {
  return (await sha256(content)).subarray(0, SHORT_BYTES).toHex();
}
