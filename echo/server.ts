/**
 * The server of the echo example. As the exercise describes it:
 *
 * 1. It accepts a connection.
 * 2. It receives the client's message and replies with the same message.
 * 3. It disconnects the client.
 * 4. It goes back to step 1.
 *
 * It goes back without waiting for steps 2 and 3, so that a slow client delays
 * no other (exercise 8).
 *
 * @module
 */

import { isDisconnection } from "../net/disconnection.ts";
import { Acceptor, listen, logPort, stopOn } from "../net/tcp_server.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  logServerConfig,
  type ProgramContext,
  runProgram,
} from "../program/program.ts";
import { LineConnection, LineTooLongError, textOf } from "./line_connection.ts";

/** Serves until a signal such as SIGTERM. Returns the exit code. */
async function main({ config, signal }: ProgramContext): Promise<number> {
  logServerConfig(config);
  const port = config["server.port"];
  const listener = listen({
    hostname: config["server.host"],
    port,
    backlog: config["server.listenBacklog"],
  });
  // The exercise has no such line, but a free port must be logged.
  if (port === 0) logPort(listener);
  const server = new EchoServer(listener, {
    maxConnections: config["server.maxConnections"],
    idleTimeoutMs: config["server.idleTimeout"],
  });
  const serving = server.serve();
  await stopOn(signal, server);
  await serving;
  return 0;
}

/** Options of an {@linkcode EchoServer}. */
export interface EchoServerOptions {
  /** Connections served at once. One more is closed. */
  maxConnections: number;
  /** Longest time for a client's message, in milliseconds. */
  idleTimeoutMs: number;
}

/** A client that is being served. */
interface Client {
  ip: string;
  /** Resolves when it is disconnected. */
  served: Promise<void>;
}

/** Answers one message on each connection and closes it. */
export class EchoServer {
  readonly #acceptor: Acceptor;
  readonly #options: EchoServerOptions;
  readonly #log = getLogger();
  readonly #clients = new Map<LineConnection, Client>();
  #isStopping = false;

  /** `listener` accepts the connections; {@linkcode stop} closes it. */
  constructor(listener: Deno.TcpListener, options: EchoServerOptions) {
    this.#acceptor = new Acceptor(
      listener,
      (stream, ip) => this.#onConnection(stream, ip),
    );
    this.#options = options;
  }

  /** Accepts connections until {@linkcode stop} is called. */
  async serve(): Promise<void> {
    await this.#acceptor.run();
  }

  /** Stops accepting and closes all connections. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#acceptor.stop();
    const clients = [...this.#clients];
    for (const [connection, { ip }] of clients) {
      connection.close();
      this.#log.info(formatAction("close_connection", "success", { ip }));
    }
    await Promise.all(clients.map(([, { served }]) => served));
  }

  #onConnection(stream: Deno.TcpConn, ip: string): void {
    const connection = new LineConnection(stream, this.#options);
    if (this.#clients.size >= this.#options.maxConnections) {
      this.#log.warn(
        formatAction("accept_connections", "fail", { ip, error: "BUSY" }),
      );
      connection.close();
      return;
    }
    // Not awaited: the next connection is accepted at once.
    const served = this.#serveClient(connection, ip)
      .finally(() => this.#clients.delete(connection));
    this.#clients.set(connection, { ip, served });
  }

  /** Never throws: a failure is logged and affects no other client. */
  async #serveClient(connection: LineConnection, ip: string): Promise<void> {
    try {
      const message = await this.#receive(connection, ip);
      if (message) await connection.write(message);
      await connection.hangUp();
    } catch (error) {
      if (!this.#isStopping) this.#logFailure(error, ip);
    } finally {
      connection.close();
    }
  }

  /** Returns the client's message, or `null` if there is none to reply to. */
  async #receive(
    connection: LineConnection,
    ip: string,
  ): Promise<Uint8Array | null> {
    try {
      const message = await connection.readLine();
      if (message) {
        const msg = textOf(message);
        this.#log.info(formatAction("receive_message", "success", { ip, msg }));
      }
      return message;
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error;
      this.#logFailure(error, ip);
      return null;
    }
  }

  /** An error that a client can cause is expected; any other is a bug. */
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

if (import.meta.main) await runProgram("server", main, { task: "echo:server" });
