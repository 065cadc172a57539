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
import { messageOf, stackOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  logServerConfig,
  type ProgramContext,
  runProgram,
} from "../program/program.ts";
import { LineConnection, textOf } from "./line_connection.ts";

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
  await stopOn(signal, server);
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
  readonly #accepting: Promise<void>;
  readonly #options: EchoServerOptions;
  readonly #log = getLogger();
  readonly #clients = new Map<LineConnection, Client>();
  #isStopping = false;

  /** Accepts connections until {@linkcode stop} closes the listener. */
  constructor(listener: Deno.TcpListener, options: EchoServerOptions) {
    this.#options = options;
    this.#acceptor = new Acceptor(
      listener,
      (stream, ip) => this.#onConnection(stream, ip),
    );
    this.#accepting = this.#acceptor.run();
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
    await this.#accepting;
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
      await this.#reply(connection, ip);
    } catch (error) {
      if (!this.#isStopping) this.#logFailure(error, ip);
    }
  }

  /** Receives a message, replies with the same one, and disconnects. */
  async #reply(connection: LineConnection, ip: string): Promise<void> {
    try {
      const message = await connection.readLine();
      if (!message) return;
      const msg = textOf(message);
      this.#log.info(formatAction("receive_message", "success", { ip, msg }));
      await connection.write(message);
    } finally {
      await connection.hangUp();
    }
  }

  /** An error that a client can cause is expected; any other is a bug. */
  #logFailure(error: unknown, ip: string): void {
    const isExpected = isDisconnection(error);
    const line = formatAction("receive_message", "fail", {
      ip,
      error: isExpected ? messageOf(error) : stackOf(error),
    });
    if (isExpected) this.#log.error(line);
    else this.#log.critical(line);
  }
}

if (import.meta.main) await runProgram("server", main, { task: "echo:server" });
