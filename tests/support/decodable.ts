// What Deno's own decoder takes for UTF-8.

const FATAL_DECODER = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/** Decodes bytes; `undefined` if they are not well-formed UTF-8. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return FATAL_DECODER.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
