import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Draw } from "../../central/draw.ts";
import { decodeWinners, ProtocolError } from "../../protocol/mod.ts";
import {
  type DrawHolder,
  StorageError,
  type StoreDraw,
} from "../../storage/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import "../support/watchdog.ts";
import { replace } from "../support/replaced.ts";

/** A store's draw that is held when the test says so. */
class FakeDraw implements StoreDraw {
  readonly agencies: number;
  isHeld = false;
  readonly #held = Promise.withResolvers<DrawHolder>();

  constructor(agencies: number) {
    this.agencies = agencies;
  }

  get held(): Promise<DrawHolder> {
    return this.#held.promise;
  }

  hold(holder: DrawHolder): void {
    this.isHeld = true;
    this.#held.resolve(holder);
  }
}

/** A store that only has a draw. */
function storeOf(agencies: number) {
  return { draw: new FakeDraw(agencies), winners: (): string[] => [] };
}

for (
  const [holder, action, hasTime] of [
    ["here", "sorteo", true],
    ["elsewhere", "recover_draw", true],
    ["earlier", "recover_draw", false],
  ] as const
) {
  Deno.test(`Draw logs ${action} for a draw held ${holder}`, async () => {
    const log = CapturedLog.start();
    const store = storeOf(3);
    const draw = new Draw(store);
    assertFalse(draw.isHeld);
    store.draw.hold(holder);
    assertEquals(
      await log.line(action),
      `INFO action: ${action} | result: success | agencies: 3`,
    );
    assert(draw.isHeld);
    const agoMs = Date.now() - (draw.heldAtMs ?? NaN);
    assertEquals(agoMs >= 0 && agoMs < 60_000, hasTime);
    assert(await draw.held(new AbortController().signal));
  });
}

for (
  const { agencies, mayBet, haveNoPart, reason } of [
    {
      agencies: 0,
      mayBet: [1, 4294967295],
      haveNoPart: [1, 4294967295],
      reason: "there is no draw (draw.agencies is 0)",
    },
    {
      agencies: 3,
      mayBet: [1, 2, 3],
      haveNoPart: [4, 4294967295],
      reason: "only agencies 1 to 3 take part in the draw",
    },
  ]
) {
  Deno.test(`Draw of ${agencies} agencies refuses the others`, () => {
    const draw = new Draw(storeOf(agencies));
    for (const agency of mayBet) draw.checkMayBet(agency);
    for (const agency of haveNoPart) {
      const error = assertThrows(
        () => draw.checkHasPart(agency),
        ProtocolError,
        `Cannot serve agency ${agency}: ${reason}`,
      );
      assertEquals(error.error, "UNKNOWN_AGENCY");
      if (mayBet.includes(agency)) continue;
      assertThrows(() => draw.checkMayBet(agency), ProtocolError, reason);
    }
    for (let agency = 1; agency <= agencies; agency++) {
      draw.checkHasPart(agency);
    }
  });
}

Deno.test("Draw.held() waits for the draw, or until it is aborted", async () => {
  const store = storeOf(2);
  const draw = new Draw(store);
  const leaving = new AbortController();
  const left = draw.held(leaving.signal);
  const waits = Array.from(
    { length: 500 },
    () => draw.held(new AbortController().signal),
  );
  leaving.abort();
  assertFalse(await left);
  assertFalse(await draw.held(leaving.signal));
  const first = await Promise.race([...waits, Promise.resolve("none")]);
  assertEquals(first, "none");
  store.draw.hold("here");
  assertEquals(await Promise.all(waits), waits.map(() => true));
  assert(await draw.held(leaving.signal));
});

Deno.test("Draw.held() keeps nothing of a wait that was aborted", async () => {
  const store = storeOf(2);
  const draw = new Draw(store);
  let wakes = 0;
  const { withResolvers } = Promise;
  using _resolvers = replace(Promise, {
    withResolvers<T>(): PromiseWithResolvers<T> {
      const made = withResolvers.call(Promise) as PromiseWithResolvers<T>;
      const resolve: typeof made.resolve = (value) => {
        wakes++;
        made.resolve(value);
      };
      return { ...made, resolve };
    },
  });
  const leaving = new AbortController();
  const left = draw.held(leaving.signal);
  leaving.abort();
  assertFalse(await left);
  assertEquals(wakes, 1);
  store.draw.hold("here");
  await store.draw.held;
  assertEquals(wakes, 1);
});

Deno.test("Draw.winners() encodes a list once, and tries again after a failure", async () => {
  const documents = ["1", "22", "333"];
  let lookups = 0;
  const draw = new Draw({
    draw: new FakeDraw(1),
    winners(): string[] {
      if (++lookups === 1) throw new StorageError("Cannot look up winners");
      return documents;
    },
  });
  await assertRejects(() => draw.winners(1), StorageError);
  const [first, second] = await Promise.all([draw.winners(1), draw.winners(1)]);
  assertEquals(lookups, 2);
  assert(first.frames === second.frames);
  assert((await draw.winners(1)).frames === first.frames);
  assertEquals(first.count, 3);
  const parts = decodeWinners(first.frames.subarray(5));
  assertEquals(parts, { isLast: true, documents });
});
