import { BaseHandler, type LogRecord } from "@std/log";

/** Keeps what it is given, for the tests. */
export class TestHandler extends BaseHandler {
  readonly records: LogRecord[] = [];
  readonly lines: string[] = [];
  readonly calls: string[] = [];

  override handle(record: LogRecord): void {
    this.records.push(record);
    super.handle(record);
  }

  override log(msg: string): void {
    this.lines.push(msg);
  }

  override setup(): void {
    this.calls.push("setup");
  }

  override destroy(): void {
    this.calls.push("destroy");
  }
}
