import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { Draw, type DrawStore } from "../../central/draw.ts";
import { StorageError } from "../../storage.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { everyTurn } from "../support/memory_log.ts";

const HELD = "INFO action: sorteo | result: success | agencies: 3";
const RECOVERED = "INFO action: recover_draw | result: success | agencies: 3";

/** A store in memory. */
class FakeStore implements DrawStore {
  readonly finished = new Set<number>();
  /** The error of the next call of `finish`. */
  finishError: StorageError | undefined;
  /** What `holdDraw` waits for. */
  commits: Promise<void> = Promise.resolve();
  /** Whether the betting is closed. */
  isBettingClosed = false;
  readonly drawHeld = new Promise<void>(() => {});
  #calls = 0;

  /** How often `holdDraw` has waited. */
  get settledCalls(): number {
    return this.#calls;
  }

  async finish(agency: number): Promise<void> {
    await Promise.resolve();
    const { finishError } = this;
    this.finishError = undefined;
    if (finishError) throw finishError;
    this.finished.add(agency);
  }

  startDraw(agencies: number): boolean {
    return this.isBettingClosed = this.#haveAllFinished(agencies);
  }

  async holdDraw(agencies: number): Promise<boolean> {
    if (this.isBettingClosed || !this.#haveAllFinished(agencies)) return false;
    this.isBettingClosed = true;
    this.#calls++;
    await this.commits;
    return true;
  }

  #haveAllFinished(agencies: number): boolean {
    const ids = Array.from({ length: agencies }, (_, i) => i + 1);
    return agencies > 0 && ids.every((agency) => this.finished.has(agency));
  }

  winners(agency: number): readonly string[] {
    return [`winner of ${agency}`];
  }
}

/** All permutations. */
function orders(agencies: readonly number[]): number[][] {
  if (agencies.length === 0) return [[]];
  return agencies.flatMap((first) =>
    orders(agencies.filter((other) => other !== first))
      .map((rest) => [first, ...rest])
  );
}

Deno.test("Draw.finish() holds the draw with the last agency, in any order and finished again", async () => {
  for (const order of orders([1, 2, 3, 3, 7])) {
    const log = CapturedLog.start();
    const store = new FakeStore();
    const draw = new Draw(3, store);
    const finished = new Set<number>();
    for (const agency of order) {
      finished.add(agency);
      await draw.finish(agency);
      const isDue = [1, 2, 3].every((one) => finished.has(one));
      assertEquals(draw.isHeld, isDue, `${order} at ${agency}`);
      assertEquals(store.isBettingClosed, isDue);
      assertEquals(log.lines, isDue ? [HELD] : []);
    }
    assert(draw.isHeld);
  }
});

Deno.test("Draw.finish() holds the draw once when the last agencies finish at once", async () => {
  const log = CapturedLog.start();
  const draw = new Draw(3, new FakeStore());
  await Promise.all([3, 1, 1, 2, 2, 3].map((agency) => draw.finish(agency)));
  assert(draw.isHeld);
  assertEquals(log.lines, [HELD]);
});

Deno.test("Draw.finish() closes the betting immediately, and waits for accepted batches", async () => {
  const log = CapturedLog.start();
  const store = new FakeStore();
  const commit = Promise.withResolvers<void>();
  store.commits = commit.promise;
  const draw = new Draw(1, store);
  const held = draw.held(new AbortController().signal);
  const finishing = draw.finish(1);
  await everyTurn();
  assert(store.isBettingClosed);
  assertFalse(draw.isHeld);
  await draw.finish(1);
  assertFalse(draw.isHeld);
  assertEquals(log.lines, []);
  commit.resolve();
  assert(await held);
  await finishing;
  assertEquals(store.settledCalls, 1);
  assertEquals(log.lines.length, 1);
});

Deno.test("Draw.finish() holds no draw if the store cannot record it", async () => {
  const store = new FakeStore();
  const draw = new Draw(1, store);
  store.finishError = new StorageError("no space");
  await assertRejects(() => draw.finish(1), StorageError, "no space");
  assertFalse(store.isBettingClosed);
  await draw.finish(1);
  assert(draw.isHeld);
});

Deno.test("Draw.finish() leaves the draw to the next start if the store's content is unknown", async () => {
  const log = CapturedLog.start();
  const store = new FakeStore();
  store.commits = Promise.reject(new StorageError("fdatasync"));
  const draw = new Draw(3, store);
  await draw.finish(1);
  await draw.finish(2);
  await assertRejects(() => draw.finish(3), StorageError, "fdatasync");
  await draw.finish(3);
  assertFalse(draw.isHeld);
  assert(store.isBettingClosed);
  assertEquals(log.lines, []);
  assert(new Draw(3, store).isHeld);
  assertEquals(log.lines, [RECOVERED]);
});

Deno.test("Draw resumes a draw that was held before", async () => {
  const log = CapturedLog.start();
  const store = new FakeStore();
  for (const agency of [2, 9, 3]) store.finished.add(agency);
  assertFalse(new Draw(3, store).isHeld);
  assertEquals(log.lines, []);
  store.finished.add(1);
  const draw = new Draw(3, store);
  assert(draw.isHeld);
  assert(store.isBettingClosed);
  assert(await draw.held(new AbortController().signal));
  await draw.finish(1);
  assertEquals(log.lines, [RECOVERED]);
  assertEquals(draw.winners(2), ["winner of 2"]);
});

Deno.test("Draw of no agencies is never held and admits everyone", async () => {
  const log = CapturedLog.start();
  const store = new FakeStore();
  const draw = new Draw(0, store);
  for (const agency of [1, 4294967295]) {
    await draw.finish(agency);
    assert(draw.admits(agency));
    assertFalse(draw.hasPart(agency));
  }
  assertFalse(draw.isHeld);
  assertFalse(store.isBettingClosed);
  assertEquals(log.lines, []);
});

Deno.test("Draw.admits() agencies 1 to N", () => {
  const draw = new Draw(3, new FakeStore());
  const agencies = [1, 2, 3, 4, 4294967295];
  const expected = [true, true, true, false, false];
  assertEquals(agencies.map((agency) => draw.admits(agency)), expected);
  assertEquals(agencies.map((agency) => draw.hasPart(agency)), expected);
});

Deno.test("Draw.held() waits for the draw, or until it is aborted", async () => {
  const draw = new Draw(2, new FakeStore());
  const leaving = new AbortController();
  const left = draw.held(leaving.signal);
  const waits = Array.from(
    { length: 500 },
    () => draw.held(new AbortController().signal),
  );
  await draw.finish(2);
  leaving.abort();
  assertFalse(await left);
  assertFalse(await draw.held(leaving.signal));
  const first = await Promise.race([...waits, Promise.resolve("none")]);
  assertEquals(first, "none");
  await draw.finish(1);
  assertEquals(await Promise.all(waits), waits.map(() => true));
  assert(await draw.held(leaving.signal));
});
