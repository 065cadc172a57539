#!/bin/sh
# Says whether the echo server that runs in the container `server` answers a
# message with that very message. It asks from a container on the server's own
# network, so that neither nc nor a port is needed on this machine. The course
# calls it with sh, which may be dash.
set -eu

SERVER=server PORT=12345 IMAGE=busybox
# Seconds for the answer; the container needs some of the five as well.
ANSWER_TIMEOUT=3

finish() {
  printf 'action: test_echo_server | result: %s\n' "$1"
  [ "$1" = success ] || exit 1
  exit 0
}

fail() {
  printf 'validar-echo-server.sh: %s\n' "$1" >&2
  finish fail
}

state=$(docker inspect --type container "$SERVER" \
  --format '{{.State.Running}}{{range $name, $_ := .NetworkSettings.Networks}} {{$name}}{{end}}') ||
  fail "Cannot find container \"$SERVER\": is the echo example up?"
networks=${state#* }
[ "${state%% *}" = true ] ||
  fail "nothing answered: the container \"$SERVER\" is stopped"
docker image inspect "$IMAGE" >/dev/null 2>&1 || docker pull "$IMAGE" >&2 ||
  fail "Cannot pull image \"$IMAGE\""

message="Mensaje de prueba N°$(date +%s)$$"
# The x keeps the line's end, which $() would cut off. In the container the shell
# stays the first process, as that one could not be ended by timeout.
answer=$(
  printf '%s\n' "$message" |
    docker run --rm --interactive --network "${networks%% *}" "$IMAGE" \
      sh -c "timeout $ANSWER_TIMEOUT nc $SERVER $PORT; true" || true
  printf x
)
expected=$(printf '%s\nx' "$message")
[ "$answer" != x ] || fail "nothing answered within $ANSWER_TIMEOUT seconds"
[ "$answer" = "$expected" ] || fail "the answer is not the message"
finish success
