// Streams of server-sent events, one for each open status page.

type Controller = ReadableStreamDefaultController<Uint8Array>;

const MAX_STREAMS = 64;
/** Events that a page may miss in a row before its stream can be replaced. */
const MAX_MISSED = 30;

/**
 * Sends events to all open pages, and buffers none for pages that do not read.
 */
export class EventStreams {
  readonly #missed = new Map<Controller, number>();

  get size(): number {
    return this.#missed.size;
  }

  /**
   * Opens a stream that begins with `first`; `undefined` if there are too many.
   */
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

  /** Skips streams that have not taken the previous text. */
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

  close(): void {
    for (const stream of this.#missed.keys()) close(stream);
    this.#missed.clear();
  }
}

/** The stream of a page that was left may be closed already: no event says so. */
function close(stream: Controller): void {
  try {
    stream.close();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
