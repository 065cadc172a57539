/**
 * Streams of server-sent events: one to each open status page.
 *
 * @module
 */

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** Streams that are served at once. */
const MAX_STREAMS = 64;
/** Events that a watcher may miss before its place is given to another one. */
const MAX_MISSED = 30;

/** Sends events to everyone who watches, and keeps none for those who do not read. */
export class EventStreams {
  /** How many events in a row each of them has missed. */
  readonly #missed = new Map<Controller, number>();

  /** Number of streams. */
  get size(): number {
    return this.#missed.size;
  }

  /** Opens a stream that begins with this text, `undefined` if there are too many. */
  open(first: string): ReadableStream<Uint8Array> | undefined {
    if (this.#missed.size >= MAX_STREAMS) return undefined;
    let own: Controller;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#missed.set(controller, 0);
        controller.enqueue(new TextEncoder().encode(first));
      },
      cancel: () => {
        this.#missed.delete(own);
      },
    });
  }

  /** Sends a text to every stream whose last one was taken. */
  send(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (const [stream, missed] of this.#missed) {
      if ((stream.desiredSize ?? 0) > 0) {
        stream.enqueue(bytes);
        this.#missed.set(stream, 0);
      } else if (missed < MAX_MISSED) {
        this.#missed.set(stream, missed + 1);
      } else {
        this.#missed.delete(stream);
        stream.error(new Error("The watcher does not read"));
      }
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of this.#missed.keys()) stream.close();
    this.#missed.clear();
  }
}
