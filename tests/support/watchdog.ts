// Ends the tests of the module that imports this if one of them does not end, or
// blocks: a loop that never waits also keeps every time limit from passing.

/** Far longer than any of these tests takes, even on a busy machine. */
const LIMIT_SECONDS = 10;

let seconds = 0;
Deno.test.beforeEach(() => {
  seconds = 0;
});

const turns = new Int32Array(new SharedArrayBuffer(4));
setInterval(() => {
  turns[0]!++;
  if (++seconds < LIMIT_SECONDS) return;
  throw new Error(`A test has not ended in ${LIMIT_SECONDS} s`);
}, 1000);

if (Deno.permissions.querySync({ name: "run" }).state === "granted") {
  const program = `(${watch})(${Deno.pid}, ${LIMIT_SECONDS})`;
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  new Worker(url, { type: "module" }).postMessage(turns);
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
