/**
 * The server of the echo example: replies to each line with the same line.
 *
 * @module
 */

import { isDisconnection } from "../net/byte_channel.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  logServerConfig,
  type ProgramContext,
  runProgram,
} from "../program/program.ts";
import { Acceptor, listen, logPort, serveUntil } from "../net/tcp_server.ts";
import { LineConnection, LineTooLongError, textOf } from "./line_connection.ts";

/** Options of an {@linkcode EchoServer}. */
export interface EchoServerOptions {
  /** Connections served at once. One more is closed. */
  maxConnections: number;
  /** Longest time for a peer's line, in milliseconds. */
  idleTimeoutMs: number;
}

/** A connection in progress. */
interface Peer {
  ip: string;
  answered: Promise<void>;
}

/** Answers one line on each connection and closes it. */
export class EchoServer {
  readonly #acceptor: Acceptor;
  readonly #options: EchoServerOptions;
  readonly #log = getLogger();
  readonly #peers = new Map<LineConnection, Peer>();
  #isStopping = false;

  /**
   * Creates a server. {@linkcode serve} starts it.
   *
   * @param listener Accepts connections; {@linkcode stop} closes it.
   * @param options The limits.
   */
  constructor(listener: Deno.TcpListener, options: EchoServerOptions) {
    this.#acceptor = new Acceptor(
      listener,
      (stream, ip) => this.#welcome(stream, ip),
    );
    this.#options = options;
  }

  /** Accepts connections until {@linkcode stop} is called. */
  async serve(): Promise<void> {
    await this.#acceptor.run();
  }

  /** Stops accepting and closes the connections in progress. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#acceptor.stop();
    const peers = [...this.#peers];
    for (const [connection, { ip }] of peers) {
      connection.close();
      this.#log.info(formatAction("close_connection", "success", { ip }));
    }
    await Promise.all(peers.map(([, { answered }]) => answered));
  }

  #welcome(stream: Deno.TcpConn, ip: string): void {
    const connection = new LineConnection(stream, this.#options);
    if (this.#peers.size >= this.#options.maxConnections) {
      this.#log.warn(
        formatAction("accept_connections", "fail", { ip, error: "BUSY" }),
      );
      connection.close();
      return;
    }
    const answered = this.#answer(connection, ip)
      .finally(() => this.#peers.delete(connection));
    this.#peers.set(connection, { ip, answered });
  }

  /** Never rejects: a failure is logged and affects no other connection. */
  async #answer(connection: LineConnection, ip: string): Promise<void> {
    try {
      const line = await this.#receive(connection, ip);
      if (line) await connection.write(line);
      await connection.hangUp();
    } catch (error) {
      if (!this.#isStopping) this.#logFailure(error, ip);
    } finally {
      connection.close();
    }
  }

  /** Reads the peer's line. Returns `null` if there is none to answer. */
  async #receive(
    connection: LineConnection,
    ip: string,
  ): Promise<Uint8Array | null> {
    try {
      const line = await connection.readLine();
      if (line) {
        this.#log.info(
          formatAction("receive_message", "success", { ip, msg: textOf(line) }),
        );
      }
      return line;
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error;
      this.#logFailure(error, ip);
      return null;
    }
  }

  /**
   * Logs an error. One that a peer can cause is expected; anything else is a
   * bug.
   */
  #logFailure(error: unknown, ip: string): void {
    const isExpected = isDisconnection(error) ||
      error instanceof LineTooLongError;
    const line = formatAction("receive_message", "fail", {
      ip,
      error: isExpected || !(error instanceof Error)
        ? messageOf(error)
        : error.stack,
    });
    if (isExpected) this.#log.error(line);
    else this.#log.critical(line);
  }
}

async function main({ config, signal }: ProgramContext): Promise<number> {
  logServerConfig(config);
  const port = config["server.port"];
  const listener = listen({
    host: config["server.host"],
    port,
    backlog: config["server.listenBacklog"],
  });
  // The exercise has no such line, but a free port must be logged.
  if (port === 0) logPort(listener);
  const server = new EchoServer(listener, {
    maxConnections: config["server.maxConnections"],
    idleTimeoutMs: config["server.idleTimeout"],
  });
  await serveUntil(signal, server);
  return 0;
}

if (import.meta.main) await runProgram("server", main, { task: "echo:server" });
