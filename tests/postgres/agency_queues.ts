import { assertEquals } from "@std/assert";
import type { Batch } from "../../bet/bet.ts";
import { AgencyQueues } from "../../postgres/bets/agency_queues.ts";
import { numberedBatch } from "../support/batches.ts";

function addTo(queues: AgencyQueues, batch: Batch): void {
  queues.add({
    batch,
    writer: { hasFailed: false, hasNew: false },
    done: Promise.withResolvers<number>(),
  });
}

Deno.test("AgencyQueues serves agencies in turn, each once at a time", () => {
  const queues = new AgencyQueues();
  const add = (agency: number, betIndex: number, fingerprint: string) =>
    addTo(queues, numberedBatch(betIndex, 2, { agency, fingerprint }));
  const [one, other] = ["0123456789abcdef", "fedcba9876543210"];
  add(1, 0, one);
  add(1, 2, one);
  add(1, 0, other);
  add(2, 0, one);
  const take = () =>
    queues.take()?.map(({ batch }) =>
      `${batch.agency}:${batch.fingerprint[0]}:${batch.betIndex}`
    );
  assertEquals(take(), ["1:0:0", "1:0:2"]);
  assertEquals(take(), ["2:0:0"]);
  assertEquals(take(), undefined);
  queues.release(1);
  assertEquals(take(), ["1:f:0"]);
  assertEquals(queues.isEmpty, true);
});

Deno.test("AgencyQueues.take() takes as many bets as a statement may have", () => {
  const counts = [1000, 2000, 4000, 2999, 2, 6000, 1];
  const queues = new AgencyQueues();
  for (const count of counts) addTo(queues, { ...numberedBatch(0, 1), count });
  const groups: number[][] = [];
  for (let group; (group = queues.take());) {
    groups.push(group.map(({ batch }) => batch.count));
    queues.release(1);
  }
  assertEquals(groups, [[1000, 2000], [4000], [2999], [2], [6000], [1]]);
});

Deno.test("AgencyQueues.drain() takes what waits, of one agency or of all", () => {
  const queues = new AgencyQueues();
  for (const [agency, betIndex] of [[1, 0], [2, 0], [1, 5], [3, 0]] as const) {
    addTo(queues, numberedBatch(betIndex, 2, { agency }));
  }
  const drain = (agency?: number) =>
    queues.drain(agency).map(({ batch }) =>
      `${batch.agency}:${batch.betIndex}`
    );
  assertEquals(drain(1), ["1:0", "1:5"]);
  assertEquals(drain(1), []);
  assertEquals(queues.isEmpty, false);
  assertEquals(drain(), ["2:0", "3:0"]);
  assertEquals(queues.isEmpty, true);
  assertEquals(queues.take(), undefined);
});
