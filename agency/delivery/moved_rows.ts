// How deliveries are connected by refused rows: a row that was refused in one
// file is sent again in that file's copy, in a copy of the copy, or in a new
// version of the file.

import { IndexSet } from "../index_set.ts";
import { keptRows, type SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/**
 * The delivery whose refused rows a delivery has sent again. If these came from
 * copy to copy, the delivery where they were first refused.
 */
export function originOf(
  id: string,
  deliveries: readonly SentDelivery[],
): SentDelivery | undefined {
  let origin: SentDelivery | undefined;
  // If an entry could not be written, the moves may form a circle.
  const passed = new Set([id]);
  // This loop also visits the elements that it adds.
  for (const last of passed) {
    const next = deliveries.find((one) =>
      one.isComplete && !passed.has(one.id) && targetsOf(one).includes(last)
    );
    origin = next ?? origin;
    if (next) passed.add(next.id);
  }
  return origin;
}

/** Bet indexes of a delivery's rows that were refused in other deliveries. */
export function movedTo(
  id: string,
  deliveries: readonly SentDelivery[],
): IndexSet {
  const moves = deliveries.flatMap(({ moved }) => Object.values(moved));
  // A row that went through a copy has several moves.
  return IndexSet.of(
    moves.filter(([to]) => to === id).map(([, index]) => index),
  );
}

/** Records that a delivery's relatives must be sent again. */
export function expectRelatives(id: string, folder: SentFolder): void {
  const begunAt = new Date().toISOString();
  for (const relative of relativesOf(id, folder.everRefused())) {
    const one = folder.withId(relative);
    if (one?.isComplete && keptRows(one) > 0) {
      folder.change(one, (last) => ({ ...last, begunAt, isLacking: true }));
    }
  }
}

/**
 * The identities of all deliveries that are connected to a delivery by moved
 * rows, directly or through other deliveries.
 */
function relativesOf(
  id: string,
  deliveries: readonly SentDelivery[],
): string[] {
  const links = deliveries.flatMap((one) =>
    targetsOf(one).map((to) => [one.id, to])
  );
  const ids = new Set([id]);
  // This loop also visits the elements that it adds.
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
