import { assertEquals } from "@std/assert";
import {
  BettingClosedError,
  DamagedStoreError,
  IncompleteError,
  StorageError,
  StoreHeldError,
  StoreMismatchError,
} from "../../storage/mod.ts";

Deno.test("each error of the store has its class's name and its message", () => {
  const cause = new Error("why");
  const errors = [
    new StorageError("x", { cause }),
    new BettingClosedError(),
    new IncompleteError(3, { missing: 2, records: 5, hasFinished: false }),
    new DamagedStoreError(7, "x", "y"),
    new StoreMismatchError("x"),
    new StoreHeldError('a"b', "process 1"),
  ];
  assertEquals(errors.map(String), [
    "StorageError: x",
    "BettingClosedError: Cannot take bets: the draw has been held",
    "IncompleteError: Cannot finish agency 3: 2 of 5 bets are not stored",
    "DamagedStoreError: Cannot trust y: damage at byte 7: x",
    "StoreMismatchError: x",
    'StoreHeldError: Cannot open store "a\\"b": it is held by process 1',
  ]);
  assertEquals(errors[0]!.cause, cause);
});
