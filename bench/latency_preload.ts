/**
 * Loaded before an agency (`deno run --preload`): notes how long each batch takes
 * from the write of its BET frame to its reply, without the program's knowing.
 * At the end writes the seconds, as 64-bit floats, to the file that
 * `BENCH_LATENCY_FILE` names.
 *
 * @module
 */

import { walkFrames } from "./frame_walk.ts";

const BET = 1;
const latencies: number[] = [];
const connect = Deno.connect;

/** Has no other use than to put itself in the way of the stream's calls. */
function watchStream(stream: Deno.TcpConn): Deno.TcpConn {
  const { read, write } = stream;
  const writtenAt: number[] = [];
  let now = 0;
  const walkSent = walkFrames((type) => {
    if (type === BET) writtenAt.push(now);
  });
  const walkReceived = walkFrames(() => {
    const startedAt = writtenAt.shift();
    if (startedAt !== undefined) latencies.push((now - startedAt) / 1000);
  });
  stream.write = async (bytes) => {
    const startedAt = performance.now();
    const size = await write.call(stream, bytes);
    now = startedAt;
    walkSent(bytes.subarray(0, size));
    return size;
  };
  stream.read = async (into) => {
    const size = await read.call(stream, into);
    now = performance.now();
    walkReceived(into.subarray(0, size ?? 0));
    return size;
  };
  return stream;
}

Deno.connect =
  (async (options: Deno.ConnectOptions) =>
    watchStream(await connect(options))) as typeof Deno.connect;

addEventListener("unload", () => {
  const file = Deno.env.get("BENCH_LATENCY_FILE")!;
  Deno.writeFileSync(file, new Uint8Array(Float64Array.from(latencies).buffer));
});
