// A central that says what a script tells it, right or wrong.

import { frame, type Reply, Type } from "./frames.ts";
import { Wire } from "./wire.ts";

/** One connection to the fake central. */
export class FakeSession {
  readonly #wire: Wire;
  readonly #taken: Reply[];

  constructor(wire: Wire, taken: Reply[]) {
    this.#wire = wire;
    this.#taken = taken;
  }

  /** Takes frames without an answer. */
  async take(count = 1): Promise<string[]> {
    const names: string[] = [];
    while (names.length < count) {
      const next = await this.#wire.reply();
      if (!next) throw new Error("Cannot take frame: the agency has closed");
      this.#taken.push(next);
      names.push(nameOf(next));
    }
    return names;
  }

  /** Answers with OK. */
  async ok(count = 1): Promise<void> {
    await this.send(...Array.from({ length: count }, () => frame(Type.OK)));
  }

  /** Sends whatever it is. */
  async send(...bytes: readonly Uint8Array[]): Promise<void> {
    await this.#wire.send(...bytes);
  }

  /** Answers every frame with OK until FINISH, and closes. */
  async serve(): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const [name] = await this.take();
      all.push(name!);
      await this.ok();
      if (name === "FINISH") return all;
    }
  }

  /** Replies OK to every frame until the agency closes. */
  async okAll(): Promise<void> {
    for (let next = await this.#wire.reply(); next;) {
      this.#taken.push(next);
      await this.ok();
      next = await this.#wire.reply();
    }
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

/** The script that does this, one after the other. */
export function play(...steps: readonly Step[]): Script {
  return async (session) => {
    for (const step of steps) {
      if (step instanceof Uint8Array) await session.send(step);
      else await step(session);
    }
  };
}

/** Takes frames, and sends the same answer to each. */
export function answer(bytes: Uint8Array, count = 1): Script {
  return async (session) => {
    for (let i = 0; i < count; i++) {
      await session.take();
      await session.send(bytes);
    }
  };
}

/** Answers a batch with OK, of which some bets were stored before. */
export function repeated(bets: number): Script {
  const counted = bets === 0 ? undefined : Uint8Array.of(0, bets);
  return answer(frame(Type.OK, counted));
}

/** Takes frames without an answer. */
export function take(count = 1): Script {
  return (session) => session.take(count);
}

/** Answers with OK. */
export function ok(count = 1): Script {
  return (session) => session.ok(count);
}

/** Answers every frame with OK until FINISH, and closes. */
export const serve: Script = (session) => session.serve();

/** Answers every frame with OK until the agency closes. */
export const okAll: Script = (session) => session.okAll();

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

  /** Description of each frame, as {@linkcode FakeSession.take} returns it. */
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
