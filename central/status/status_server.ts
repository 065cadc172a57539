// The status page, metrics and health checks over HTTP. Read-only: it only
// reads existing counters, so it cannot hold up agencies.

import { type Address, formatAddress } from "../../program/config/setting.ts";
import { messageOf, ProgramError, stackOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { waitAtMost } from "../../program/timer.ts";
import type { Store } from "../../storage/mod.ts";
import type { Statistics } from "../statistics.ts";
import { AgencyLists } from "./agency_lists.ts";
import { EventStreams } from "./event_streams.ts";
import { chooseFormat, formatMetrics } from "./metrics.ts";
import { renderPage } from "./page.ts";
import css from "./page.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import view from "./page_view.js" with { type: "text" };
import { Rates } from "./rates.ts";
import {
  type ShownCentral,
  type Sources,
  stateOf,
  takeSnapshot,
} from "./snapshot.ts";
import { chooseTexts } from "./texts.ts";

const TICK_MS = 1000;
const STOP_TIMEOUT_MS = 300;
/** How long a browser waits before it reconnects. */
const RETRY_MS = 2000;
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
/**
 * A proxy must forward each event at once; nginx has its own header for that.
 */
const EVENT_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};
const TEXT = "text/plain; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
/** Characters that a host never contains and that would move the path. */
const NO_HOST_REGEXP = /[\s/\\?#@]/;

/** Serves HTTP until it is disposed of. Loaded only if `status.port` is set. */
export class StatusServer implements AsyncDisposable {
  readonly #sources: Sources;
  readonly #streams = new EventStreams();
  readonly #server: Deno.HttpServer;
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * Starts listening. There is no store until {@linkcode show}. Throws a
   * `ProgramError` if the address is not available.
   */
  constructor(address: Address, statistics: Statistics) {
    this.#sources = { statistics };
    this.#server = serve(address, (request) => this.#respond(request));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Shows a store and its central until the signal says that it stops. */
  show(
    { stats: store }: Store,
    central: ShownCentral,
    signal?: AbortSignal,
  ): void {
    const agencies = new AgencyLists(store, central.draw.agencies);
    const rates = new Rates(store, agencies);
    this.#sources.served = { store, central, agencies, rates };
    signal?.addEventListener("abort", () => this.#sources.isStopping = true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#streams.close();
    // A client that reads or sends slowly must not keep the central running.
    await waitAtMost(STOP_TIMEOUT_MS, this.#server.shutdown());
  }

  #respond(request: Request): Response {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return respond("Method Not Allowed", TEXT, 405, { allow: "GET, HEAD" });
    }
    const response = this.#route(request);
    return request.method === "HEAD" ? new Response(null, response) : response;
  }

  #route(request: Request): Response {
    const { headers, method } = request;
    const path = pathOf(request);
    switch (path) {
      case undefined:
        return respond("Bad Request", TEXT, 400);
      case "/": {
        const texts = chooseTexts(headers.get("accept-language"));
        const page = renderPage(takeSnapshot(this.#sources), texts);
        return respond(page, "text/html; charset=utf-8", 200, {
          "content-language": texts.lang,
          "vary": "accept-language",
        });
      }
      case "/events":
        return this.#respondWithEvents(method);
      case "/metrics": {
        const type = chooseFormat(headers.get("accept"));
        const text = formatMetrics(this.#sources, type);
        return respond(text, type, 200, { "vary": "accept" });
      }
      case "/health":
        return respond("ok\n", TEXT);
      case "/ready": {
        const { problem } = stateOf(this.#sources);
        return respond(`${problem || "ok"}\n`, TEXT, problem ? 503 : 200);
      }
      case "/page.css":
        return respond(css, "text/css; charset=utf-8");
      case "/page.js":
        return respond(script, SCRIPT);
      case "/page_view.js":
        return respond(view, SCRIPT);
      default:
        return respond("Not Found", TEXT, 404);
    }
  }

  /**
   * Only event streams stay open, so only they are limited; probes are always
   * answered.
   */
  #respondWithEvents(method: string): Response {
    const body = method === "HEAD"
      ? ""
      : this.#streams.open(`retry: ${RETRY_MS}\n${this.#event()}`);
    return body === undefined
      ? respond("Too many watchers", TEXT, 503, { "retry-after": "5" })
      : respond(body, "text/event-stream", 200, EVENT_HEADERS);
  }

  #event(): string {
    return `data: ${JSON.stringify(takeSnapshot(this.#sources))}\n\n`;
  }

  #tick(): void {
    this.#sources.served?.rates.tick();
    if (this.#streams.size > 0) this.#streams.send(this.#event());
  }
}

function serve(
  { hostname, port }: Address,
  handler: (request: Request) => Response,
): Deno.HttpServer {
  try {
    return Deno.serve({
      hostname,
      port,
      onListen: ({ port }) => {
        const url = `http://${formatAddress({ hostname, port })}/`;
        getLogger().info(formatAction("status", "success", { url }));
      },
      onError: (error) => {
        getLogger().critical(
          formatAction("status", "fail", { error: stackOf(error) }),
        );
        return respond("Internal Server Error", TEXT, 500);
      },
    }, handler);
  } catch (cause) {
    throw new ProgramError(
      `Cannot listen on status port ${port}: ${
        messageOf(cause)
      } (status.host is ${hostname})`,
      { cause },
    );
  }
}

/**
 * Returns the path of a request, `undefined` if its host or address is invalid.
 */
function pathOf({ url, headers }: Request): string | undefined {
  const host = headers.get("host") ?? "";
  return NO_HOST_REGEXP.test(host) ? undefined : URL.parse(url)?.pathname;
}

function respond(
  body: BodyInit,
  contentType: string,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return new Response(body, {
    status,
    headers: { ...HEADERS, "content-type": contentType, ...headers },
  });
}
