// Which bet indexes of a batch are bets, not gaps.

import { type Batch, isGap, packedBetEnd } from "../../bet/bet.ts";
import type { IndexRange } from "../index_ranges.ts";

export function betRanges(
  { bets, betIndex, count, gaps }: Batch,
): IndexRange[] {
  if (gaps === 0) return [{ start: betIndex, end: betIndex + count }];
  const ranges: IndexRange[] = [];
  let last: IndexRange | undefined;
  let index = betIndex;
  for (let at = 0; at < bets.length; at = packedBetEnd(bets, at)) {
    if (isGap(bets, at)) last = undefined;
    else if (last) last.end++;
    else ranges.push(last = { start: index, end: index + 1 });
    index++;
  }
  return ranges;
}
