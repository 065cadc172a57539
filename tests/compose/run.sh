#!/usr/bin/env bash
# Runs the tests of the containers on a Docker engine of their own, with
# stand-ins for the images, as none may be to be had. The engine lives in
# namespaces of its own: its processes, bridges, iptables rules and mounts are
# seen by no other engine, and end with it. Where there can be none, says so.
# With --install, what is missing is installed first, where apt-get can.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly MIRROR=http://deb.debian.org/debian
readonly PACKAGES=(docker.io docker-compose debootstrap busybox-static iptables postgresql)
readonly TOOLS=(docker dockerd debootstrap busybox iptables tini make tar unshare setpriv)

skip() {
  echo "Containers not tested: $1"
  exit 0
}

# Debian keeps them out of the path.
find_postgres_programs() {
  compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1
}

missing_tool() {
  for tool in "${TOOLS[@]}"; do
    if [[ -z $(command -v "$tool") ]]; then echo "$tool" && return; fi
  done
  find_postgres_programs >/dev/null || echo PostgreSQL
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq &&
    apt-get install -qq --no-install-recommends "${PACKAGES[@]}" >/dev/null
}

[[ $(uname) == Linux && $EUID -eq 0 ]] || skip "an engine of their own needs root on Linux"
if [[ ${1:-} == --install && -n $(missing_tool) ]]; then
  install_packages || skip "apt-get cannot install ${PACKAGES[*]}"
fi
[[ -z $(missing_tool) ]] ||
  skip "there is no $(missing_tool); apt-get install --no-install-recommends ${PACKAGES[*]}"
unshare --mount --net --pid --fork true 2>/dev/null ||
  skip "namespaces are not to be had here"

postgres_programs=$(find_postgres_programs)
dir=$(mktemp -d /tmp/loteria-compose.XXXXXX)
readonly dir name=${dir##*/}
readonly log=$dir/engine.log
engine=
tests=

clean_up() {
  if [[ -n $tests ]]; then
    kill -TERM "$tests" 2>/dev/null || true
    wait "$tests" 2>/dev/null || true
  fi
  if [[ -n $engine ]]; then stop_engine; fi
  find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir {} + || true
  rm -rf --one-file-system "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Asks the engine, by the only child of unshare, to end its containers and
# itself. Killing unshare then ends whatever is left in the namespaces.
stop_engine() {
  local child
  child=$(cat "/proc/$engine/task/$engine/children" 2>/dev/null || true)
  for signal in TERM KILL; do
    kill -"$signal" $child 2>/dev/null || true
    for _ in {1..100}; do
      kill -0 $child 2>/dev/null || break 2
      sleep 0.1
    done
  done
  kill -KILL "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
}

start_engine() {
  # /run is where an engine looks for another one's containerd.
  setpriv --pdeathsig KILL unshare --mount --net --pid --fork --mount-proc \
    --kill-child bash -c '
      mount -t tmpfs tmpfs /run
      ip link set lo up
      # The first process has to bury what the engine leaves.
      exec tini -- dockerd --data-root "$1/data" --exec-root "$1/exec" \
        --pidfile "$1/pid" --host "unix://$1/sock" --cgroup-parent "$2"
    ' - "$dir" "$name" >"$log" 2>&1 &
  engine=$!
  export DOCKER_HOST=unix://$dir/sock
  for _ in {1..300}; do
    if docker version >/dev/null 2>&1; then return; fi
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  echo "Cannot start the engine" >&2
  exit 1
}

# What git knows of the project, or is going to, is what a clone has.
make_clone() {
  git ls-files -z --cached --others --exclude-standard |
    tar -c --null --files-from - --ignore-failed-read |
    tar -x -C "$1"
}

# A stand-in has what the programs and their tests use of the real image.
make_busybox() {
  local root=$dir/busybox
  mkdir -p "$root/bin"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $(busybox --list); do
    if [[ $applet != busybox ]]; then ln -s busybox "$root/bin/$applet"; fi
  done
  tar -C "$root" -c . | docker import - busybox:latest
}

make_deno() {
  local root=$dir/deno version
  version=$(sed -n 's/^ARG DENO_TAG=//p' Dockerfile)
  debootstrap --variant=minbase --include=openssl bookworm "$root" "$MIRROR" >"$dir/debootstrap.log" ||
    { tail "$dir/debootstrap.log" >&2 && exit 1; }
  chroot "$root" useradd --uid 1993 --user-group deno
  cp "$(deno eval 'console.log(Deno.execPath())')" "$root/usr/bin/deno"
  # No registry can be reached from inside the engine's network.
  mkdir "$dir/packages"
  cp -r --parents deno.json deno.lock std postgres/deno.* "$dir/packages"
  (
    cd "$dir/packages"
    export DENO_DIR=$root/deno-dir
    deno install --frozen --quiet
    deno install --frozen --quiet --config postgres/deno.json
    # Fetches the bundler.
    deno bundle --quiet std/assert/mod.ts >/dev/null
  )
  chroot "$root" chown -R deno:deno /deno-dir
  tar -C "$root" -c --exclude=./var/cache --exclude=./var/lib/apt . |
    docker import \
      --change 'ENV DENO_DIR=/deno-dir/' \
      --change 'ENTRYPOINT ["/tini", "--", "docker-entrypoint.sh"]' \
      --change 'CMD ["eval", "console.log(1)"]' \
      - "denoland/deno:$version"
}

# The real image's entrypoint does the same, and more.
make_postgres() {
  local root=$dir/postgres program
  mkdir -p "$root"/{bin,dev,etc,proc,tmp,usr/share,var/run/postgresql}
  chmod 1777 "$root"/{tmp,var/run/postgresql}
  cp -r "$dir/busybox/bin" "$root"
  echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >"$root/etc/passwd"
  echo 'postgres:x:999:' >"$root/etc/group"
  cp -r --parents "$postgres_programs" "${postgres_programs%/bin}/lib" \
    /usr/share/postgresql "$root"
  for program in initdb postgres pg_isready psql; do
    ldd "$postgres_programs/$program" | grep -o '/[^ ]*' |
      xargs -I{} cp -L --parents {} "$root"
  done
  # The JIT compiler needs libLLVM, which has 100 MB. Without its own library
  # PostgreSQL does not use it.
  rm -rf "$root${postgres_programs%/bin}/lib"/{llvmjit.so,bitcode}
  cp tests/compose/postgres_entrypoint.sh "$root/entrypoint.sh"
  install -d -o 999 -g 999 -m 700 "$root/var/lib/postgresql/data"
  tar -C "$root" -c . |
    docker import \
      --change 'ENTRYPOINT ["/bin/sh", "/entrypoint.sh"]' \
      --change "ENV PATH=$postgres_programs:/bin PGDATA=/var/lib/postgresql/data" \
      - postgres:15
}

echo "== engine"
start_engine
docker version --format 'Docker Engine {{.Server.Version}}'
echo "== stand-ins for the images"
make_busybox
make_deno
make_postgres
mkdir "$dir/clone"
make_clone "$dir/clone"
real_data=../shared/data/datasets.zip
if [[ -e $real_data ]]; then cp "$real_data" "$dir/clone/.data"; fi
echo "== tests"
# It takes some minutes; whatever hangs must not hold up others for ever. While
# bash waits for it, unlike when it runs it, a signal is seen at once.
LOTERIA_CLONE=$dir/clone timeout 20m deno test --no-prompt --allow-read --allow-write \
  --allow-run --allow-env=LOTERIA_CLONE \
  tests/compose/image.ts tests/compose/lottery.ts tests/compose/secure.ts \
  tests/compose/postgres.ts tests/compose/echo.ts &
tests=$!
wait "$tests"
