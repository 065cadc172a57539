// Headless Chromium, driven over its DevTools protocol.

import { within } from "./deadline.ts";

/** Longest wait for what a page shows: it polls every 5 s at the slowest. */
const PAGE_LIMIT_MS = 30_000;
/** Path of Debian's package. */
export const CHROMIUM = "/usr/bin/chromium";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
  ...["--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--lang=es-AR"],
  ...["--accept-lang=es-AR,es", "--remote-debugging-port=0", "about:blank"],
];

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** One page in its own browser. */
export class Chromium implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  /** Folder of the browser's profile. */
  readonly #dir: string;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, (message: Message) => void>();
  #lastId = 0;
  #sessionId: string | undefined;
  /** Addresses of all requests of the page. */
  readonly requests: string[] = [];
  /** Errors in its console, and uncaught exceptions. */
  readonly errors: string[] = [];

  private constructor(
    process: Deno.ChildProcess,
    socket: WebSocket,
    dir: string,
  ) {
    this.#dir = dir;
    this.#process = process;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#handle(JSON.parse(data));
    });
  }

  static async start(): Promise<Chromium> {
    const dir = await Deno.makeTempDir();
    const process = new Deno.Command(CHROMIUM, {
      args: [`--user-data-dir=${dir}`, ...FLAGS],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const url = await within(readAddress(process), () => "no DevTools");
    const socket = new WebSocket(url);
    await within(
      new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", () => reject(new Error(url)));
      }),
      () => `no answer from ${url}`,
    );
    const browser = new Chromium(process, socket, dir);
    const { targetId } = await browser.send("Target.createTarget", {
      url: "about:blank",
    });
    const { sessionId } = await browser.send("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    browser.#sessionId = sessionId as string;
    for (const domain of ["Page", "Runtime", "Network", "Log"]) {
      await browser.send(`${domain}.enable`);
    }
    return browser;
  }

  async send(
    method: string,
    params: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#pending.set(id, resolve);
    const sessionId = this.#sessionId;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await within(
      promise,
      () => `no end of ${method}`,
    );
    if (error) throw new Error(`Cannot do ${method}: ${error.message}`);
    return result!;
  }

  /** Evaluates an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
    }) as { result: { value: unknown }; exceptionDetails?: unknown };
    if (exceptionDetails) {
      throw new Error(`Cannot evaluate: ${JSON.stringify(exceptionDetails)}`);
    }
    return result.value;
  }

  /** Waits until the page says something. */
  async until(
    expression: string,
    isWanted: (value: unknown) => boolean,
    limitMs = PAGE_LIMIT_MS,
  ): Promise<unknown> {
    let value: unknown;
    async function look(page: Chromium): Promise<unknown> {
      for (;;) {
        value = await page.evaluate(expression);
        if (isWanted(value)) return value;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    return await within(look(this), () => `${expression} is ${value}`, limitMs);
  }

  async open(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
    await this.until("document.readyState", (state) => state === "complete");
  }

  /** Sets the size of the window in CSS pixels. */
  async resize(width: number, height = 800): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 500,
    });
  }

  /** Presses and releases a key. */
  async press(key: string, code: number, text = ""): Promise<void> {
    for (const type of ["keyDown", "keyUp"]) {
      await this.send("Input.dispatchKeyEvent", {
        type,
        key,
        code: key,
        windowsVirtualKeyCode: code,
        ...(type === "keyDown" && text !== "" ? { text } : {}),
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessionId = undefined;
    await this.send("Browser.close");
    await within(this.#process.status, () => "Chromium does not end");
    this.#socket.close();
    for (let isGone = false; !isGone;) isGone = await removeFolder(this.#dir);
  }

  #handle({ id, method, params = {}, ...message }: Message): void {
    if (id !== undefined) {
      this.#pending.get(id)?.(message);
      this.#pending.delete(id);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params.request as { url: string }).url);
    } else if (method === "Runtime.exceptionThrown") {
      this.errors.push(JSON.stringify(params));
    } else if (method === "Log.entryAdded") {
      const { level, text } = params.entry as { level: string; text: string };
      if (level === "error") this.errors.push(text);
    }
  }
}

/** A process of the browser may still write to it for a moment. */
async function removeFolder(dir: string): Promise<boolean> {
  try {
    await Deno.remove(dir, { recursive: true });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes("not empty")) {
      return false;
    }
    throw error;
  }
}

/** Reads the address that the browser prints, and what comes after it. */
async function readAddress(process: Deno.ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  async function read(): Promise<void> {
    for await (
      const part of process.stderr.pipeThrough(new TextDecoderStream())
    ) {
      text += part;
      const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (url) resolve(url);
    }
    reject(new Error(`Chromium has ended: ${text}`));
  }
  read().catch(reject);
  return await promise;
}
