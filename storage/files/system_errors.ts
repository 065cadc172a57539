// Classifies errors of the operating system: after some, a store can still be
// read.

const READ_ONLY_CODES: readonly string[] = ["EROFS", "EACCES", "EPERM"];
const FULL_CODES: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];
/** Beyond a file-size limit; Deno gives this error no code. */
const FILE_TOO_LARGE = "(os error 27)";

/** True if a file must not be written to. */
export function isReadOnlyError(error: unknown): error is Error {
  return READ_ONLY_CODES.includes(codeOf(error));
}

/** True if a file must not be written to or grow, or the disk is full. */
export function isNoRoomError(error: unknown): error is Error {
  return isReadOnlyError(error) || FULL_CODES.includes(codeOf(error));
}

export function isSystemError(error: unknown): error is Error {
  return codeOf(error) !== "";
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error) return String(error.code);
  return error.message.endsWith(FILE_TOO_LARGE) ? "EFBIG" : "";
}
