// A central that follows a test's script, right or wrong.

import { frame, type Reply, Type } from "./frames.ts";
import { Wire } from "./wire.ts";

const OK = frame(Type.OK);

/** One connection to the fake central. */
export class FakeSession {
  readonly #wire: Wire;
  readonly #taken: Reply[];

  /** Every frame that is taken is added to `taken`. */
  constructor(wire: Wire, taken: Reply[]) {
    this.#wire = wire;
    this.#taken = taken;
  }

  /** Takes the next frame; `null` once the agency has closed. */
  async take(): Promise<Reply | null> {
    const next = await this.#wire.reply();
    if (next) this.#taken.push(next);
    return next;
  }

  /** Sends any bytes, valid or not. */
  async send(...bytes: readonly Uint8Array[]): Promise<void> {
    await this.#wire.send(...bytes);
  }

  /** Waits until the agency closes. */
  async gone(): Promise<void> {
    while (await this.#wire.reply());
  }
}

/** Handles one connection, which is closed afterwards. */
export type Script = (session: FakeSession) => Promise<unknown>;

/** Bytes to send, or something to do. */
type Step = Uint8Array | Script;

/** Returns a script with these steps. */
export function play(...steps: readonly Step[]): Script {
  return async (session) => {
    for (const step of steps) {
      if (step instanceof Uint8Array) await session.send(step);
      else await step(session);
    }
  };
}

/** Takes frames without an answer. */
export function take(count = 1): Script {
  return async (session) => {
    for (let i = 0; i < count; i++) {
      if (await session.take()) continue;
      throw new Error("Cannot take frame: the agency has closed");
    }
  };
}

/** Answers with OK. */
export function ok(count = 1): Script {
  return (session) => session.send(...Array(count).fill(OK));
}

/** Takes frames, and sends the same answer to each. */
export function answer(bytes: Uint8Array, count = 1): Script {
  return play(...Array(count).fill([take(), bytes]).flat());
}

/** Answers a batch with OK and the number of its bets that were stored before. */
export function repeated(bets: number): Script {
  const counted = bets === 0 ? undefined : Uint8Array.of(0, bets);
  return answer(frame(Type.OK, counted));
}

/** Answers every frame with OK until FINISH, and closes. */
export const serve: Script = async (session) => {
  for (let next = await session.take(); next; next = await session.take()) {
    await session.send(OK);
    if (next.type === Type.FINISH) return;
  }
};

/** Answers every frame with OK until the agency closes. */
export const okAll: Script = async (session) => {
  while (await session.take()) await session.send(OK);
};

/** Waits until the agency closes. */
export const gone: Script = (session) => session.gone();

/** Listens on a free port and runs one script per connection, in turn. */
export class FakeCentral {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #taken: Reply[] = [];
  readonly #played: Promise<unknown>[] = [];
  readonly #playing: Promise<void>;
  #connections = 0;

  constructor(...scripts: readonly Script[]) {
    this.#playing = this.#play(scripts);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Every frame received, in order. */
  get taken(): readonly Reply[] {
    return this.#taken;
  }

  /** Each frame's type or, for a batch, its first index and number of bets. */
  get names(): string[] {
    return this.#taken.map(nameOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#playing;
    await Promise.all(this.#played);
  }

  async #play(scripts: readonly Script[]): Promise<void> {
    for await (const stream of this.#listener) {
      const script = scripts[this.#connections] ?? scripts.at(-1)!;
      this.#connections++;
      this.#played.push(this.#playOne(script, new Wire(stream)));
    }
  }

  async #playOne(script: Script, wire: Wire): Promise<void> {
    using _closed = wire;
    await script(new FakeSession(wire, this.#taken));
  }
}

function nameOf({ type, payload }: Reply): string {
  if (type === Type.FINISH) return "FINISH";
  if (type === Type.AUTH) return "AUTH";
  if (type === Type.WINNERS_QUERY) return "WINNERS_QUERY";
  const view = new DataView(payload.buffer);
  return `${view.getUint32(12)}+${view.getUint16(16)}`;
}
