/**
 * Text as lines.
 *
 * @module
 */

/** Splits text at line ends. The last line may have none. */
export class TextLineStream extends TransformStream<string, string> {
  /** Creates a stream with its own state. */
  constructor() {
    let rest = "";
    super({
      transform(text, controller): void {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller): void {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
