// A real nginx with its defaults in front of a server of this machine.

import { within } from "./deadline.ts";

/** Starts nginx in a folder; it hands on to another port. */
export async function startNginx(
  dir: string,
  port: number,
  upstreamPort: number,
): Promise<AsyncDisposable> {
  const config = `${dir}/nginx.conf`;
  await Deno.writeTextFile(
    config,
    `daemon off;
pid ${dir}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
${
      ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `  ${name}_temp_path ${dir}/${name};`).join("\n")
    }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
    }
  }
}
`,
  );
  const process = new Deno.Command("nginx", {
    args: ["-p", dir, "-c", config],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await within(
    listening(port),
    () => `nginx does not listen on ${port}`,
    10_000,
  );
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

async function listening(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
