import { assertEquals } from "@std/assert";
import { AgencyQueues } from "../../postgres/bets/agency_queues.ts";
import { numberedBatch } from "../support/batches.ts";

Deno.test("AgencyQueues serves agencies in turn, each once at a time", () => {
  const queues = new AgencyQueues();
  const add = (agency: number, betIndex: number, fingerprint: string) =>
    queues.add({
      batch: { ...numberedBatch(betIndex, 2), agency, fingerprint },
      writer: { hasFailed: false, hasNew: false },
      done: Promise.withResolvers<number>(),
    });
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
