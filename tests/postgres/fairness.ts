import { testFault as test } from "../faults/plan.ts";
import { within } from "../support/deadline.ts";
import { MAX_COMMITS } from "../../postgres/bets/commit_queue.ts";
import { MAX_QUESTIONS } from "../../postgres/question_queue.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";
import { freshDatabase } from "./support/shared_server.ts";

/** Longer than the test: nothing that waits for a lock fails. */
const NO_TIMEOUT = "?statement_timeout=600000";
const FLOOD = 100;

/** Numbers of agencies whose FINISH waits for another session's lock. */
const FLOODS: readonly (readonly [string, number[], number])[] = [
  ["one agency", Array(FLOOD).fill(11), 1],
  [
    "a hundred agencies",
    Array.from({ length: FLOOD }, (_, i) => 11 + i),
    MAX_QUESTIONS,
  ],
];

for (const [whose, agencies, sessions] of FLOODS) {
  test(`commits do not wait for ${FLOOD} FINISH of ${whose}`, async () => {
    const database = await freshDatabase();
    await using store = await openStore(database.url + NO_TIMEOUT);
    for (const agency of new Set(agencies)) await store.finish(agency);
    const lock = await database.hold("SELECT FROM agencies FOR UPDATE");
    const finished = agencies.map((agency) => store.finish(agency));
    try {
      await database.waitForLocks(sessions, ...finished);
      const others = Array.from(
        { length: 20 },
        (_, i) => append(store, makeBatch(1_000 + i)),
      );
      await within(Promise.all(others), () => "commits wait");
      if (sessions === 1) {
        // What one agency asks takes one connection.
        await within(store.finish(1), () => "FINISH waits");
      } else {
        // As many commits as may run at once have connections beside these.
        for (let i = 0; i < MAX_COMMITS; i++) {
          finished.push(append(store, makeBatch(11 + i)).then(() => {}));
        }
        await within(
          database.waitForLocks(MAX_COMMITS + sessions, ...finished),
          () => "commits have no connections",
        );
      }
    } finally {
      await lock[Symbol.asyncDispose]();
      await Promise.all(finished);
    }
  });
}
