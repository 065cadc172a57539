/**
 * The agency: sends its file of bets to the central.
 *
 * @module
 */

import { Delivery, DeliveryError } from "./agency/delivery.ts";
import { fingerprint } from "./agency/fingerprint.ts";
import { ProgressBar } from "./agency/progress_bar.ts";
import { RejectedFile } from "./agency/rejected_file.ts";
import { ShipmentLoader } from "./agency/shipment.ts";
import { AgencyFile } from "./agency_file.ts";
import { type Config, readAgencyId } from "./config.ts";
import { messageOf } from "./errors.ts";
import { action, getLogger } from "./logging.ts";
import { ProgramError, runProgram } from "./program.ts";
import type { ProgramContext } from "./program.ts";
import { formatAddress } from "./setting.ts";

/** Exit code of an agency that finished, but some of whose rows were refused. */
const EXIT_REFUSED = 2;

async function main({ config, signal }: ProgramContext): Promise<number> {
  const agency = readAgencyId((variable) => Deno.env.get(variable));
  getLogger().info(action("config", "success", {
    client_id: agency,
    server_address: formatAddress(config["server.address"]),
    batch_max_amount: config["batch.maxAmount"],
    log_level: config["log.level"],
  }));
  const path = config["agency.file"].replaceAll("{id}", String(agency));
  try {
    return await sendFile(path, agency, config, signal);
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      logStop(signal);
      return 0;
    }
    throw explain(error, path);
  }
}

/** Sends the file to its end; returns the exit code. */
async function sendFile(
  path: string,
  agency: number,
  config: Config,
  signal: AbortSignal,
): Promise<number> {
  const source = await fingerprint(path, signal);
  using file = await AgencyFile.open(path);
  using rejected = await RejectedFile.open(path);
  using bar = new ProgressBar((await Deno.stat(path)).size);
  const loader = new ShipmentLoader(file, {
    agency,
    source,
    maxAmount: config["batch.maxAmount"],
    onProblem: (file) => rejectRow(file, rejected),
  });
  const delivery = new Delivery(loader, rejected, {
    agency,
    address: config["server.address"],
    window: config["batch.window"],
    maxAttempts: config["retry.maxAttempts"],
    baseDelay: config["retry.baseDelay"],
    replyTimeout: config["retry.replyTimeout"],
    signal,
    onProgress: () =>
      bar.update({ bytes: loader.position, bets: delivery.stored }),
  });
  await delivery.run();
  getLogger().info(action("loop_finished", "success", {
    client_id: agency,
    cantidad: delivery.stored,
    rechazadas: rejected.rows,
  }));
  return rejected.rows > 0 ? EXIT_REFUSED : 0;
}

/** A row that cannot be sent at all. */
async function rejectRow(
  file: AgencyFile,
  rejected: RejectedFile,
): Promise<void> {
  getLogger().error(action("leer_apuesta", "fail", {
    linea: file.line,
    motivo: file.problem,
  }));
  await rejected.add(file.start, file.end);
}

/** By now `using` has closed them, the other way round. */
function logStop(signal: AbortSignal): void {
  const log = getLogger();
  log.info(action("close_connection", "success"));
  log.info(action("close_file", "success"));
  log.info(action("stop", "success", { signal: signal.reason }));
}

/** What people can do something about is told in a line. */
function explain(error: unknown, path: string): unknown {
  if (error instanceof DeliveryError) {
    return new ProgramError(error.message, { cause: error });
  }
  const isFileError = FILE_ERRORS.some((kind) => error instanceof kind);
  if (!isFileError) return error;
  return new ProgramError(
    `Cannot read agency's file "${path}": ${messageOf(error)}`,
    { cause: error },
  );
}

const FILE_ERRORS = [
  Deno.errors.NotFound,
  Deno.errors.PermissionDenied,
  Deno.errors.NotCapable,
  Deno.errors.IsADirectory,
];

if (import.meta.main) await runProgram("client", main);
