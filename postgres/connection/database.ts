// A central's connections. Each statement takes a free one; a failed one is
// replaced, perhaps by a connection to another host.

import type { Address } from "./address.ts";
import {
  DatabaseClosedError,
  isCrowded,
  isUnprepared,
  remedyOf,
} from "./errors.ts";
import { connectToWriter } from "./hosts.ts";
import type { Result, Session } from "./session.ts";

/** Attempts at a transaction that conflicts with another one. */
const MAX_ATTEMPTS = 5;
/** How long to do with fewer connections if the server allows no more. */
const FEWER_MS = 10_000;

export interface DatabaseOptions {
  /** Limit of open connections. */
  connections: number;
  /** Checks the database on each new connection; throws if it is unusable. */
  check(session: Session): Promise<void>;
}

export type Ask = (
  text: string,
  values?: readonly unknown[],
  name?: string,
) => Promise<Result>;

/** A database that answers within seconds, or is reconnected. */
export class Database {
  readonly #address: Address;
  readonly #options: DatabaseOptions;
  readonly #idle: Session[] = [];
  /** Every connection that may be open, in use or not. */
  readonly #open = new Set<Session>();
  /** Resumes statements that wait for a connection. */
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #inUse = 0;
  /** Number of connections that the server last allowed, and for how long. */
  #fewer = 0;
  #fewerUntilMs = 0;
  /** False behind a pool that mixes up its clients' prepared statements. */
  #canPrepare = true;
  #isClosed = false;

  /** The first statement connects. */
  constructor(address: Address, options: DatabaseOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** Runs one statement. With a name it is prepared where possible. */
  query(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<Result> {
    return this.#use((ask) => ask(text, values, name));
  }

  /**
   * Runs statements in a transaction and commits it if they all succeed. `READ
   * COMMITTED`, so that each sees what was committed before it. Each may take
   * `timeoutFactor` times as long as others; any time with 0.
   */
  transaction<T>(
    work: (ask: Ask) => Promise<T>,
    { timeoutFactor = 1, isKept = true } = {},
  ): Promise<T> {
    const timeoutMs = timeoutFactor * this.#address.statementTimeoutMs;
    return this.#use(async (ask) => {
      await ask("BEGIN ISOLATION LEVEL READ COMMITTED");
      try {
        await ask(`SET LOCAL statement_timeout TO ${timeoutMs}`);
        const result = await work(ask);
        await ask(isKept ? "COMMIT" : "ROLLBACK");
        return result;
      } catch (error) {
        await ask("ROLLBACK").catch(() => {
          // The connection is lost, and the transaction with it.
        });
        throw error;
      }
    }, timeoutMs);
  }

  /** Cuts off every connection. Current and later statements fail. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#open) session.destroy();
    for (const turn of this.#waiting.splice(0)) turn.resolve();
  }

  /**
   * Repeats what conflicted with another transaction: all of it was rolled
   * back.
   */
  async #use<T>(
    work: (ask: Ask) => Promise<T>,
    timeoutMs = this.#address.statementTimeoutMs,
  ): Promise<T> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#try(work, timeoutMs);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || remedyOf(error) !== "repeat") {
          throw error;
        }
      }
    }
  }

  async #try<T>(
    work: (ask: Ask) => Promise<T>,
    timeoutMs: number,
  ): Promise<T> {
    const session = await this.#take();
    try {
      return await work((text, values = [], name) =>
        session.query(text, values, {
          timeoutMs,
          name: this.#canPrepare ? name : undefined,
        })
      );
    } catch (error) {
      if (isUnprepared(error)) this.#canPrepare = false;
      if (remedyOf(error) === "reconnect") {
        session.destroy();
        this.#renew();
      }
      throw this.#isClosed ? new DatabaseClosedError() : error;
    } finally {
      if (!session.isBroken) this.#idle.push(session);
      this.#leave();
    }
  }

  /**
   * Takes a free connection, opens one, or waits for one. The server counts also
   * the connections that it refuses, so several at once may all be refused: they
   * try again with fewer at once. The refusal of a lone one is the answer.
   */
  async #take(): Promise<Session> {
    while (true) {
      while (!this.#isClosed && this.#inUse >= this.#limit) {
        const turn = Promise.withResolvers<void>();
        this.#waiting.push(turn);
        await turn.promise;
      }
      const isLone = this.#limit === 1;
      this.#inUse++;
      try {
        this.#throwIfClosed();
        return this.#takeIdle() ?? await this.#connect();
      } catch (error) {
        const isAnswer = isLone || !isCrowded(error);
        if (isAnswer) this.#renew();
        // One by one, those that wait for it would fail too late for a reply.
        if (isLone) {
          this.#waiting.splice(0).forEach((turn) => turn.reject(error));
        }
        this.#leave();
        this.#throwIfClosed();
        if (isAnswer) throw error;
        this.#fewer = Math.max(1, this.#inUse + this.#idle.length);
        this.#fewerUntilMs = performance.now() + FEWER_MS;
      }
    }
  }

  get #limit(): number {
    return performance.now() < this.#fewerUntilMs
      ? this.#fewer
      : this.#options.connections;
  }

  #leave(): void {
    this.#inUse--;
    this.#waiting.shift()?.resolve();
  }

  #takeIdle(): Session | undefined {
    let session;
    do session = this.#idle.pop(); while (session?.isBroken);
    return session;
  }

  #connect(): Promise<Session> {
    return connectToWriter(this.#address, {
      check: this.#options.check,
      onSession: (session) => {
        this.#throwIfClosed();
        this.#open.add(session);
        void session.ended.then(() => this.#open.delete(session));
      },
    });
  }

  /** Ends idle connections, so that the next statements reconnect. */
  #renew(): void {
    for (const session of this.#idle.splice(0)) session.destroy();
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new DatabaseClosedError();
  }
}
