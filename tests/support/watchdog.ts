// Ends the tests of the module that imports this if one of them blocks: a loop
// that never waits also keeps every time limit from passing.

/** Far longer than any test computes, even on a busy machine. */
const LIMIT_SECONDS = 8;

if (Deno.permissions.querySync({ name: "run" }).state === "granted") {
  const turns = new Int32Array(new SharedArrayBuffer(4));
  const program = `(${watch})(${Deno.pid}, ${LIMIT_SECONDS})`;
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  new Worker(url, { type: "module" }).postMessage(turns);
  setInterval(() => turns[0]!++, 500);
}

/** Runs in the worker, which has only its text. */
function watch(pid: number, limitSeconds: number): void {
  addEventListener("message", (event) => {
    const turns: Int32Array = (event as MessageEvent).data;
    let [last, seconds] = [-1, 0];
    setInterval(() => {
      const now = turns[0]!;
      seconds = now === last ? seconds + 1 : 0;
      last = now;
      if (seconds < limitSeconds) return;
      const text = `\nA test has blocked for ${limitSeconds} s\n`;
      Deno.stderr.writeSync(new TextEncoder().encode(text));
      Deno.kill(pid, "SIGKILL");
    }, 1000);
  });
}
