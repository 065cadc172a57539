#!/usr/bin/env bash
# Runs the tests of the status page in headless Chromium. Where there is none,
# says so. With --install, it is installed first, where apt-get can.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skip() {
  echo "Browser not tested: $1"
  exit 0
}

if [[ ${1:-} == --install && -z $(command -v chromium) ]]; then
  [[ $EUID -eq 0 && -n $(command -v apt-get) ]] ||
    skip "Chromium can be installed by root with apt-get only"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq &&
    apt-get install -qq --no-install-recommends chromium >/dev/null ||
    skip "apt-get cannot install chromium"
fi
[[ -n $(command -v chromium) ]] ||
  skip "there is no Chromium; apt-get install chromium"
deno test --no-prompt --allow-read --allow-write --allow-net --allow-run \
  tests/browser
