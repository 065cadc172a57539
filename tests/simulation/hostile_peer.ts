// A peer that sends malformed frames.

import { randomMalformed } from "../support/malformed_frames.ts";
import { CENTRAL_PORT } from "./central_host.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { World } from "./world.ts";

const MAX_FRAMES = 4;
/** Longest time until it ends without closing. */
const MAX_LIFE_MS = 120_000;

/** Starts a peer that connects and sends malformed frames. */
export function sendHostileBytes(world: World): void {
  const { random, loop, trace } = world;
  const process = new SimulatedProcess("peer", "peer", random);
  loop.schedule(process, 0, () => {
    attack(world).catch((error) => trace.add("peer", `ends: ${error}`));
  });
  loop.schedule(undefined, random.between(1, MAX_LIFE_MS), () => process.end());
}

async function attack({ random, network }: World): Promise<void> {
  const connection = await network.connect(CENTRAL_PORT);
  for (let left = random.between(1, MAX_FRAMES); left > 0; left--) {
    const { bytes } = randomMalformed(random);
    for (let at = 0; at < bytes.length;) {
      at += await connection.write(bytes.subarray(at));
    }
  }
  if (random.happens(0.3)) await connection.closeWrite();
  const reply = new Uint8Array(512);
  while (await connection.read(reply) !== null);
  connection.close();
}
