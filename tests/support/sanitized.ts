// Makes the tests of the module that imports this fail if they leave a timer, a
// connection or a file behind, which Deno does not check by default, and if they
// block.

import "./watchdog.ts";

Deno.test.sanitizer({ ops: true, resources: true });
