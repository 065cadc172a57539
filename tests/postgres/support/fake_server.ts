/**
 * A server that speaks PostgreSQL's protocol and gives a test's answers.
 *
 * @module
 */

import { isDisconnection } from "../../support/wire.ts";
import type { Row } from "../../../postgres/connection/session.ts";
import {
  type Address,
  readAddress,
} from "../../../postgres/connection/address.ts";

/** A connection, as the server sees it. */
export interface Peer {
  /** Number of the connection, from 1. */
  number: number;
  /** Parameters of its startup message. */
  parameters: Record<string, string>;
  /** Closes the connection without an answer. */
  cut(): void;
  /** Resolves once the server has closed the connection. */
  closed: Promise<void>;
}

/** A statement that has arrived. */
export interface Statement {
  text: string;
  /** The prepared statement's name, or "". */
  name: string;
  peer: Peer;
}

/** An answer: rows, or an error with PostgreSQL's code. */
export type Answer = readonly Row[] | Refusal;

/** An error of the server. */
export class Refusal {
  constructor(readonly code: string, readonly message: string = "it says no") {}
}

/** What a server does; by default it accepts all connections and has no rows. */
export interface FakeServerOptions {
  /** Called on each new connection; returns why it is refused, if it is. */
  onConnect?(peer: Peer): Refusal | undefined | Promise<Refusal | undefined>;
  /** Called before a refused connection is closed. */
  beforeClose?(peer: Peer): Promise<void>;
  answer?(statement: Statement): Answer | Promise<Answer>;
  /** The answer to a connection's settings, if it refuses them. */
  refusesSettings?: Refusal;
}

type Bytes = Uint8Array<ArrayBuffer>;

const SSL_REQUEST = 80877103;
/** The first answer of a primary to a central. */
const PRIMARY = [{ recovers: false, isReadOnly: false }];
/** Types of `pg_type`: the driver converts them. */
const [BOOLEAN, INTEGER, TEXT, JSON_TEXT] = [16, 23, 25, 114];

/** Listens on a free port until it is disposed of. */
export class FakeServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: FakeServerOptions;
  /** Callbacks for closed connections, by connection. */
  readonly #open = new Map<Deno.TcpConn, () => void>();
  readonly #running: Promise<void>[] = [];
  readonly #serving: Promise<void>;
  /** All statements except the settings of connections. */
  readonly statements: Statement[] = [];
  /** The settings of each connection. */
  readonly settings: string[] = [];
  /** Number of connections so far. */
  connections = 0;

  constructor(options: FakeServerOptions = {}) {
    this.#options = options;
    this.#serving = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** The address for a central, with further parameters in the URL. */
  address(query = "", ...others: FakeServer[]): Address {
    const hosts = [this, ...others].map(({ port }) => `127.0.0.1:${port}`);
    return readAddress(
      `postgres://u:p@${hosts}/d?sslmode=disable${query}`,
      () => undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open.keys()) this.#close(conn);
    await this.#serving;
    await Promise.all(this.#running);
  }

  async #serve(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#running.push(this.#talk(conn));
    }
  }

  async #talk(conn: Deno.TcpConn): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#open.set(conn, resolve);
    const number = ++this.connections;
    const cut = () => this.#close(conn);
    try {
      await this.#serveOne(conn, { number, parameters: {}, closed, cut });
    } catch (error) {
      if (this.#open.has(conn) && !isDisconnection(error)) throw error;
    } finally {
      this.#close(conn);
    }
  }

  async #serveOne(conn: Deno.TcpConn, peer: Peer): Promise<void> {
    let startup = await readBody(conn);
    if (startup && viewOf(startup).getInt32(0) === SSL_REQUEST) {
      await writeAll(conn, new TextEncoder().encode("N"));
      startup = await readBody(conn);
    }
    if (!startup) return;
    const words = stringsOf(startup.subarray(4));
    for (let i = 0; i + 1 < words.length; i += 2) {
      peer.parameters[words[i]!] = words[i + 1]!;
    }
    const refusal = await Promise.race([
      this.#options.onConnect?.(peer),
      peer.closed,
    ]);
    if (refusal) {
      await writeAll(conn, errorMessage(refusal, "FATAL"));
      await this.#options.beforeClose?.(peer);
      return;
    }
    await writeAll(conn, join([message("R", int32(0)), READY]));
    let statement: Statement | undefined;
    /** Texts of prepared statements. */
    const texts = new Map<string, string>();
    for (let type; (type = await readExact(conn, 1));) {
      const body = await readBody(conn);
      if (!body) return;
      const code = new TextDecoder().decode(type);
      if (code === "X") return;
      if (code === "P") {
        const [name = "", text = ""] = stringsOf(body);
        texts.set(name, text);
      } else if (code === "B") {
        const [, name = ""] = stringsOf(body);
        statement = { text: texts.get(name) ?? "", name, peer };
      } else if (code === "Q") {
        statement = { text: stringsOf(body)[0]!, name: "", peer };
      }
      if (code !== "Q" && code !== "S") continue;
      const answer = await Promise.race([
        this.#answer(statement!),
        peer.closed,
      ]);
      if (!answer) return;
      await writeAll(conn, answerMessage(answer, code === "S"));
    }
  }

  async #answer(statement: Statement): Promise<Answer> {
    const { text } = statement;
    if (text.includes("SET DateStyle")) {
      this.settings.push(text);
      return this.#options.refusesSettings ?? [];
    }
    this.statements.push(statement);
    const answer = await this.#options.answer?.(statement) ?? [];
    const isAsked = text.includes("pg_is_in_recovery");
    return isAsked && "length" in answer && answer.length === 0
      ? PRIMARY
      : answer;
  }

  #close(conn: Deno.TcpConn): void {
    const onClosed = this.#open.get(conn);
    if (!onClosed) return;
    this.#open.delete(conn);
    conn.close();
    onClosed();
  }
}

/** The end of each answer. */
const READY = message("Z", new TextEncoder().encode("I"));

/** An answer's messages. A prepared statement's answer has two more. */
function answerMessage(answer: Answer, isPrepared: boolean): Bytes {
  if (answer instanceof Refusal) {
    return join([errorMessage(answer, "ERROR"), READY]);
  }
  const [first] = answer;
  return join([
    ...(isPrepared ? [message("1"), message("2")] : []),
    first ? rowDescription(first) : message("n"),
    ...answer.map(dataRow),
    message("C", text(`SELECT ${answer.length}`)),
    READY,
  ]);
}

function errorMessage(
  { code, message: reason }: Refusal,
  severity: string,
): Bytes {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${reason}`];
  return message("E", join([...fields.map(text), Uint8Array.of(0)]));
}

function rowDescription(row: Row): Bytes {
  const columns = Object.entries(row).map(([name, value]) => {
    const type = typeof value === "boolean"
      ? BOOLEAN
      : typeof value === "number"
      ? INTEGER
      : typeof value === "object" && value !== null
      ? JSON_TEXT
      : TEXT;
    const about = [int32(0), int16(0), int32(type), int16(-1), int32(-1)];
    return join([text(name), ...about, int16(0)]);
  });
  return message("T", join([int16(columns.length), ...columns]));
}

function dataRow(row: Row): Bytes {
  const fields = Object.values(row).map((value) => {
    if (value === null) return int32(-1);
    const bytes = new TextEncoder().encode(
      typeof value === "boolean"
        ? (value ? "t" : "f")
        : typeof value === "object"
        ? JSON.stringify(value)
        : String(value),
    );
    return join([int32(bytes.length), bytes]);
  });
  return message("D", join([int16(fields.length), ...fields]));
}

function message(type: string, body: Bytes = new Uint8Array()): Bytes {
  const start = new TextEncoder().encode(type);
  return join([start, int32(4 + body.length), body]);
}

function text(value: string): Bytes {
  return new TextEncoder().encode(`${value}\0`);
}

function int32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, value);
  return bytes;
}

function int16(value: number): Bytes {
  return int32(value).subarray(2);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function join(parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function stringsOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\0");
}

/** Reads a message after its type; `undefined` at the end. */
async function readBody(conn: Deno.TcpConn): Promise<Bytes | undefined> {
  const size = await readExact(conn, 4);
  return size && await readExact(conn, viewOf(size).getInt32(0) - 4);
}

async function readExact(
  conn: Deno.TcpConn,
  size: number,
): Promise<Bytes | undefined> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) return undefined;
    at += read;
  }
  return bytes;
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}
