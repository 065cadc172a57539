// The type bytes of the messages, and the error codes with what each of them
// means for both sides (docs/protocol.md, "ERROR").

/** The type byte of each message. */
export const MessageType = {
  /** From the agency: a batch of bets. */
  BET: 1,
  /** From the central: the request is done, and durable. */
  OK: 2,
  /** From the central: a refusal with code, index and reason. */
  ERROR: 3,
  /** From the agency: it has no more bets. */
  FINISH: 4,
  /** From the agency: a request for its winners. */
  WINNERS_QUERY: 5,
  /** From the central: a part of the agency's winners. */
  WINNERS: 6,
  /** From the agency: its id and token, before anything else. */
  AUTH: 7,
} as const;

/** What an error code means. */
export interface ErrorMeaning {
  /** Its byte in an ERROR. */
  readonly code: number;
  /** Whether the central closes the connection after the ERROR. */
  readonly closes: boolean;
  /** Whether the same request may succeed later, on a new connection. */
  readonly retry: boolean;
}

/**
 * All error codes. The table in docs/protocol.md is checked against this one.
 */
export const ERRORS = {
  INVALID_BET: { code: 1, closes: false, retry: false },
  MALFORMED: { code: 2, closes: true, retry: false },
  TOO_LARGE: { code: 3, closes: true, retry: false },
  UNKNOWN_TYPE: { code: 4, closes: true, retry: false },
  STORAGE: { code: 5, closes: true, retry: true },
  SHUTTING_DOWN: { code: 6, closes: true, retry: true },
  BETTING_CLOSED: { code: 7, closes: false, retry: false },
  UNKNOWN_AGENCY: { code: 8, closes: false, retry: false },
  BUSY: { code: 9, closes: true, retry: true },
  UNAUTHORIZED: { code: 10, closes: true, retry: false },
  INCOMPLETE: { code: 11, closes: true, retry: false },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;

/** The name of an error code, such as `INVALID_BET`. */
export type ErrorName = keyof typeof ERRORS;

/** An error name from a peer whose protocol may have more codes. */
export type PeerErrorName = ErrorName | `ERROR_${number}`;

const ERROR_NAMES = Object.keys(ERRORS) as ErrorName[];

export function errorNameOf(code: number): PeerErrorName {
  return ERROR_NAMES.find((name) => ERRORS[name].code === code) ??
    `ERROR_${code}`;
}

/**
 * Returns what an error means. An unknown code closes the connection and is not
 * retried.
 */
export function meaningOf(name: PeerErrorName): Omit<ErrorMeaning, "code"> {
  return name in ERRORS
    ? ERRORS[name as ErrorName]
    : { closes: true, retry: false };
}
