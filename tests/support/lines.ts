/**
 * Text as lines.
 *
 * @module
 */

/** Cuts text at line ends; a last line without one counts too. */
export class TextLineStream extends TransformStream<string, string> {
  /** Makes a stream of its own state. */
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
