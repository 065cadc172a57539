// What central and agencies need for plain connections, and for TLS with
// tokens, so that the same faults meet both.

import { assertEquals } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import { authFrame, Type } from "../support/frames.ts";
import { writeCredentials } from "../support/served.ts";
import { Wire } from "../support/wire.ts";

/** One of the two. */
export interface Security {
  /** For the names of tests. */
  name: string;
  /** The central's environment. */
  central(dir: string): Promise<Record<string, string>>;
  /** An agency's environment. */
  agency(id: number): Record<string, string>;
  /** Connects as an agency without the client's code. */
  connect(port: number, agency: number): Promise<Wire>;
}

const AGENCIES = Array.from({ length: 9 }, (_, i) => i + 1);

/** Without TLS and tokens. */
export const PLAIN: Security = {
  name: "",
  central: () => Promise.resolve({}),
  agency: () => ({}),
  connect: (port) => Wire.connect(port),
};

const SECURE: Security = {
  name: "with TLS and tokens, ",
  async central(dir): Promise<Record<string, string>> {
    const credentials = `${dir}/credentials.csv`;
    const tokens = AGENCIES.map((agency) => [agency, tokenOf(agency)]);
    await writeCredentials(credentials, Object.fromEntries(tokens));
    return {
      SERVER_CREDENTIALS: credentials,
      SERVER_TLS_CERTIFICATE: PEM.server,
      SERVER_TLS_KEY: PEM.serverKey,
    };
  },
  agency: (id) => ({ CLI_TLS_CA: PEM.ca, CLI_TOKEN: tokenOf(id) }),
  async connect(port, agency): Promise<Wire> {
    using stack = new DisposableStack();
    const ca = await Deno.readTextFile(PEM.ca);
    const wire = stack.use(await Wire.connectTls(port, ca));
    const reply = await wire.ask(authFrame(agency, tokenOf(agency)));
    if (reply) assertEquals(reply.type, Type.OK);
    stack.move();
    return wire;
  },
};

/** Both. */
export const SECURITIES: readonly Security[] = [PLAIN, SECURE];

function tokenOf(agency: number): string {
  return `the token of agency ${agency}`;
}
