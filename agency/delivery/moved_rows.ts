// Which deliveries have rows of which others: refused rows are sent in a copy,
// in its copy, or in the file again.

import { IndexSet } from "../index_set.ts";
import type { SentDelivery } from "./sent_delivery.ts";

/**
 * The first delivery of which rows were sent by the one with this identity,
 * perhaps by way of others.
 */
export function originOf(
  id: string,
  deliveries: readonly SentDelivery[],
): SentDelivery | undefined {
  let origin: SentDelivery | undefined;
  // Damaged records may lead in a circle.
  const passed = new Set([id]);
  // The set grows while it is gone through.
  for (const last of passed) {
    const next = deliveries.find((one) =>
      one.isComplete && !passed.has(one.id) && targetsOf(one).includes(last)
    );
    origin = next ?? origin;
    if (next) passed.add(next.id);
  }
  return origin;
}

/** Bet indexes in a delivery of the rows that were refused in others. */
export function movedTo(
  id: string,
  deliveries: readonly SentDelivery[],
): IndexSet {
  const moves = deliveries.flatMap(({ moved }) => Object.values(moved));
  // By way of a copy a row is moved more than once.
  return IndexSet.of(
    moves.filter(([to]) => to === id).map(([, index]) => index),
  );
}

/**
 * The identities of the others that have rows of a delivery or to which it has
 * sent rows, and of theirs.
 */
export function relativesOf(
  id: string,
  deliveries: readonly SentDelivery[],
): string[] {
  const links = deliveries.flatMap((one) =>
    targetsOf(one).map((to) => [one.id, to])
  );
  const ids = new Set([id]);
  // The set grows while it is gone through.
  for (const one of ids) {
    for (const link of links) {
      if (link.includes(one)) link.forEach((other) => ids.add(other));
    }
  }
  ids.delete(id);
  return [...ids];
}

function targetsOf({ moved }: SentDelivery): string[] {
  return Object.values(moved).map(([to]) => to);
}
