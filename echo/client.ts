/**
 * The client of the echo example. As the exercise describes it:
 *
 * 1. It connects to the server.
 * 2. It makes the next message.
 * 3. It sends the message and waits for the reply.
 * 4. The server replies and disconnects. If messages are left, the client waits
 *    and goes back to step 1.
 *
 * @module
 */

import { agencyIdOf } from "../program/config/config.ts";
import { delay } from "../program/timer.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  EXIT_FAILURE,
  type ProgramContext,
  runProgram,
} from "../program/program.ts";
import { formatAddresses, formatDuration } from "../program/config/setting.ts";
import { LineConnection, textOf } from "./line_connection.ts";

/** Sends `loop.amount` messages. Returns the exit code. */
async function main(context: ProgramContext): Promise<number> {
  const { config, signal } = context;
  const log = getLogger();
  const id = agencyIdOf(config);
  log.info(formatAction("config", "success", {
    client_id: id,
    server_address: formatAddresses(config["server.address"]),
    loop_amount: config["loop.amount"],
    loop_period: formatDuration(config["loop.period"]),
    log_level: config["log.level"],
  }));
  try {
    for (let number = 1; number <= config["loop.amount"]; number++) {
      const message = `[CLIENT ${id}] Message N°${number}\n`;
      const reply = await exchange(message, id, context);
      log.info(formatAction("receive_message", "success", {
        client_id: id,
        msg: reply,
      }));
      // Also after the last message, as in the exercise's sample log.
      await delay(config["loop.period"], signal);
    }
  } catch (error) {
    // SIGTERM makes whatever was awaited throw.
    if (signal.aborted) {
      log.info(formatAction("stop", "success", { signal: signal.reason }));
      return 0;
    }
    log.error(formatAction("receive_message", "fail", {
      client_id: id,
      error: messageOf(error),
    }));
    return EXIT_FAILURE;
  }
  log.info(formatAction("loop_finished", "success", { client_id: id }));
  return 0;
}

/** Sends a message on its own connection, and returns the server's reply. */
async function exchange(
  message: string,
  id: number,
  { config, signal }: ProgramContext,
): Promise<string> {
  const [address] = config["server.address"];
  const stream = await Deno.connect({ ...address!, signal });
  // `using` closes the connection where the function ends, also by an error.
  using connection = new LineConnection(stream, {
    idleTimeoutMs: config["retry.replyTimeout"],
  });
  const stop = () => {
    connection.close();
    getLogger().info(
      formatAction("close_connection", "success", { client_id: id }),
    );
  };
  signal.addEventListener("abort", stop);
  try {
    await connection.write(new TextEncoder().encode(message));
    const reply = await connection.readLine();
    if (reply) return textOf(reply);
    throw new Deno.errors.UnexpectedEof(
      "Cannot read answer: the server has closed the connection",
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

if (import.meta.main) await runProgram("client", main, { task: "echo:client" });
