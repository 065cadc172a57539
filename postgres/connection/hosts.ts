// Finds the host that accepts writes.

import { type Address, describeHost, type Host } from "./address.ts";
import { explainDatabase, isCrowded, UnfitDatabaseError } from "./errors.ts";
import { Session } from "./session.ts";
import { isAboutTls, type TlsOptions, tlsWays } from "./tls.ts";

const IS_WRITABLE = `SELECT pg_is_in_recovery() AS recovers,
  current_setting('transaction_read_only') = 'on' AS "isReadOnly"`;

export interface ConnectOptions {
  /** Called before the session connects, so that it can be cut off. */
  onSession(session: Session): void;
  /** Checks that the database is the right one; throws if not. */
  check(session: Session): Promise<void>;
}

/** Connects to the first host that accepts writes and passes the check. */
export async function connectToWriter(
  address: Address,
  options: ConnectOptions,
): Promise<Session> {
  const failures: { host: Host; error: unknown }[] = [];
  for (const host of orderOf(address)) {
    try {
      return await connectTo(address, host, options);
    } catch (error) {
      failures.push({ host, error });
    }
  }
  if (failures.length === 1) throw failures[0]!.error;
  const reasons = failures.map(({ host, error }) =>
    `${describeHost(host)}: ${explainDatabase(error)}`
  );
  const errors = failures.map(({ error }) => error);
  // A host without a free connection may be the one that accepts writes.
  const cause = errors.find(isCrowded) ??
    // That a host is a standby is not why there is no connection.
    errors.find((error) => !(error instanceof UnfitDatabaseError)) ?? errors[0];
  throw new Error(reasons.join("; "), { cause });
}

async function connectTo(
  address: Address,
  host: Host,
  options: ConnectOptions,
): Promise<Session> {
  const session = await openSession(address, host, options);
  try {
    const timeoutMs = address.connectTimeoutMs;
    const { rows } = await session.query(IS_WRITABLE, [], { timeoutMs });
    const { recovers, isReadOnly } = rows[0]!;
    if (recovers) throw new UnfitDatabaseError("the host is a standby");
    if (isReadOnly) throw new UnfitDatabaseError("the host is read-only");
    await options.check(session);
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** Connects with or without encryption, according to `sslmode`. */
async function openSession(
  address: Address,
  host: Host,
  { onSession }: ConnectOptions,
): Promise<Session> {
  const connect = async (way: TlsOptions) => {
    const session = new Session(address, host, way);
    onSession(session);
    await session.connect();
    return session;
  };
  const [way, other] = await tlsWays(address, host);
  try {
    return await connect(way);
  } catch (error) {
    if (other === undefined || !isAboutTls(error)) throw error;
    return await connect(other);
  }
}

function orderOf({ hosts, isRandom }: Address): Host[] {
  const order = [...hosts];
  for (let i = order.length - 1; isRandom && i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
