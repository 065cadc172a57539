/** A delivery of which something is still to be sent. */
export interface OpenDelivery {
  /** `undefined` or "-" for a pipe. */
  path?: string | undefined;
  /** Whether it was not sent to its end. If it was, rows are to be corrected. */
  isBegun: boolean;
  /** As ISO 8601. */
  since: string;
  /** Remembers that nothing more of it is expected. */
  giveUp(): void;
}
