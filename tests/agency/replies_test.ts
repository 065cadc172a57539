import { testSending } from "../support/sending.ts";
import { answer, gone, ok, play, take } from "../support/fake_central.ts";
import { Code, concat, errorFrame, frame, Type } from "../support/frames.ts";

const TWO_OKS = concat([frame(Type.OK), frame(Type.OK)]);

/** Replies that no central sends, and the agency's message for each. */
const NONSENSE: Record<string, [Uint8Array, message: string, bets?: number]> = {
  "an OK with one byte": [
    frame(Type.OK, Uint8Array.of(1)),
    "an OK has 0 or 2 bytes, not 1",
  ],
  "a BET": [frame(Type.BET), "a reply of type 1 with 0 bytes"],
  "type 77": [frame(77), "a reply of type 77 with 0 bytes"],
  "an OK too many": [TWO_OKS, "extra reply of type 2"],
  "an OK too many at the end": [
    TWO_OKS,
    "unexpected extra reply of type 2",
    10,
  ],
  "an ERROR too short": [frame(Type.ERROR, new Uint8Array(2)), "2 bytes"],
  "an ERROR unheard of": [errorFrame(200, 0, "x"), "answered ERROR_200: x$"],
  "MALFORMED": [errorFrame(Code.MALFORMED, 0, "x"), "answered MALFORMED: x$"],
  "TOO_LARGE": [errorFrame(Code.TOO_LARGE, 0, "x"), "answered TOO_LARGE: x$"],
  "a reply too large": [frame(Type.OK, undefined, 8188), "declares 8193 bytes"],
};

for (const [what, [bytes, message, bets = 30]] of Object.entries(NONSENSE)) {
  testSending(`send() gives up at once on ${what}`, {
    bets,
    scripts: [play(answer(bytes), gone)],
  }, {
    connections: 1,
    error: new RegExp(`^(ProgramError|RefusedError): Cannot .*${message}`),
  });
}

testSending("send() gives up on a FINISH's OK with one byte", {
  bets: 10,
  scripts: [play(take(), ok(), answer(frame(Type.OK, Uint8Array.of(1))))],
}, { error: /an OK has 0 or 2 bytes, not 1/ });
