import {
  answer,
  gone,
  play,
  repeated,
  serve,
  take,
} from "../support/fake_central.ts";
import { Code, concat, errorFrame, frame, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { testSending } from "../support/sending.ts";

testSending("send() counts new and repeated bets apart", {
  scripts: [play(...[10, 3, 10].map(repeated), serve)],
}, { stored: 30, repeated: 23 });

testSending("send() counts the rest of a refused batch as sent once", {
  csv: csvOf(rows(20).with(14, rows(15)[14]!.with(2, "x"))),
  scripts: [
    play(
      answer(frame(Type.OK)),
      answer(errorFrame(Code.INVALID_BET, 4)),
      repeated(3),
      serve,
    ),
  ],
}, { stored: 19, repeated: 3, rejected: csvOf([rows(15)[14]!.with(2, "x")]) });

/** The number of new bets of 30 if a reply is lost, by repeated bets before it. */
for (const [before, stored] of [[[], 30], [[0], 30], [[10], 10]] as const) {
  testSending(
    `send() counts a batch whose reply was lost like the one before: ${before}`,
    {
      // The next one is stored, and its OK is lost.
      scripts: [
        play(...before.map(repeated), take()),
        play(repeated(10), serve),
      ],
    },
    { stored: 30, repeated: 30 - stored },
  );
}

testSending("send() gives up on an OK that counts more bets than it has sent", {
  scripts: [play(repeated(11), gone)],
}, { error: /11 of 10 bets were stored before/ });

testSending("send() reconnects to a central that stops after an OK", {
  scripts: [
    play(
      answer(concat([frame(Type.OK), errorFrame(Code.SHUTTING_DOWN)])),
      gone,
    ),
    serve,
  ],
}, {
  stored: 30,
  connections: 2,
  frames: ["0+10", "10+10", "20+10", "FINISH"],
});
