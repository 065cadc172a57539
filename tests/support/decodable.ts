// What Deno's own decoder takes for UTF-8.

const FATAL_DECODER = new TextDecoder("utf-8", { fatal: true });

/** Says whether bytes are well-formed UTF-8. */
export function isDecodable(bytes: Uint8Array): boolean {
  try {
    FATAL_DECODER.decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
