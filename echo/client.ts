/**
 * The client of the echo example: sends one line on each connection.
 *
 * @module
 */

import { agencyIdOf } from "../program/config.ts";
import { delay } from "../program/stop_signal.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  EXIT_FAILURE,
  type ProgramContext,
  runProgram,
} from "../program/program.ts";
import { DURATION, formatAddresses } from "../program/setting.ts";
import { LineConnection, textOf } from "./line_connection.ts";

async function main(context: ProgramContext): Promise<number> {
  const { config, signal } = context;
  const log = getLogger();
  const id = agencyIdOf(config);
  log.info(formatAction("config", "success", {
    client_id: id,
    server_address: formatAddresses(config["server.address"]),
    loop_amount: config["loop.amount"],
    loop_period: DURATION.format(config["loop.period"]),
    log_level: config["log.level"],
  }));
  try {
    await sendMessages(id, context);
  } catch (error) {
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

async function sendMessages(
  id: number,
  context: ProgramContext,
): Promise<void> {
  const { config, signal } = context;
  const amount = config["loop.amount"];
  for (let number = 1; number <= amount; number++) {
    if (number > 1) await delay(config["loop.period"], signal);
    const message = `[CLIENT ${id}] Message N°${number}\n`;
    const answer = await exchange(message, id, context);
    getLogger().info(formatAction("receive_message", "success", {
      client_id: id,
      msg: textOf(answer),
    }));
  }
}

/** Sends a line on its own connection and returns the server's reply. */
async function exchange(
  message: string,
  id: number,
  { config, signal }: ProgramContext,
): Promise<Uint8Array> {
  const [address] = config["server.address"];
  const stream = await Deno.connect({ ...address!, signal });
  stream.setNoDelay(true);
  using connection = new LineConnection(stream, {
    idleTimeoutMs: config["retry.replyTimeout"],
  });
  const abort = () => {
    connection.close();
    getLogger().info(
      formatAction("close_connection", "success", { client_id: id }),
    );
  };
  signal.addEventListener("abort", abort);
  try {
    await connection.write(new TextEncoder().encode(message));
    const answer = await connection.readLine();
    if (answer) return answer;
    throw new Deno.errors.UnexpectedEof(
      "Cannot read answer: the server has closed the connection",
    );
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

if (import.meta.main) await runProgram("client", main, { task: "echo:client" });
