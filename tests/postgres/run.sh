#!/usr/bin/env bash
# Runs the tests of the store in PostgreSQL, on servers of their own in temporary
# folders. Where there is no PostgreSQL, says so. With --install, it is installed
# first, where apt-get can. --fast leaves out the faults and takes seconds; with
# --full, each fault is tried often.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skip() {
  echo "PostgreSQL not tested: $1"
  exit 0
}

# Debian keeps the server's programs out of the path.
find_programs() {
  local found
  found=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) ||
    found=$(command -v initdb) || return 1
  dirname "$found"
}

args=()
tests=(tests/postgres/*.ts tests/postgres/faults/*.ts)
for arg in "$@"; do
  case $arg in
    --install) install=yes ;;
    --fast) tests=(--parallel tests/postgres/*.ts) ;;
    *) args+=("$arg") ;;
  esac
done
if [[ -n ${install:-} ]] && ! find_programs >/dev/null; then
  [[ $EUID -eq 0 && -n $(command -v apt-get) ]] ||
    skip "PostgreSQL can be installed by root with apt-get only"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq &&
    apt-get install -qq --no-install-recommends postgresql >/dev/null ||
    skip "apt-get cannot install postgresql"
fi
PG_PROGRAMS=$(find_programs) || skip "there is no initdb; apt-get install postgresql"
PG_TEMPLATE=$(mktemp -d)
trap 'rm -rf "$PG_TEMPLATE"' EXIT
export PG_PROGRAMS PG_TEMPLATE
# Tests fail on unexpected output of a central, such as of this download.
deno cache --quiet --config postgres/deno.json postgres/server.ts postgres/tools.ts
deno test --config postgres/deno.json --no-prompt --allow-read --allow-write \
  --allow-net --allow-run '--allow-env=PG*,HOME,USER' --allow-sys=uid "${tests[@]}" -- "${args[@]}"
