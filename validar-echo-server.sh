#!/usr/bin/env bash
# Says whether the echo server that runs in the container `server` answers a
# message with that very message. It asks from a container on the server's own
# network, so that neither nc nor a port is needed on this machine.
set -euo pipefail

readonly SERVER=server PORT=12345 IMAGE=busybox
# Seconds for the answer; the container needs some of the five as well.
readonly ANSWER_TIMEOUT=3

finish() {
  printf 'action: test_echo_server | result: %s\n' "$1"
  [[ $1 == success ]]
  exit
}

fail() {
  printf 'validar-echo-server.sh: %s\n' "$1" >&2
  finish fail
}

network=$(docker inspect --type container "$SERVER" \
  --format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}') ||
  fail "Cannot find container \"$SERVER\": is the echo example up?"
docker image inspect "$IMAGE" >/dev/null 2>&1 || docker pull "$IMAGE" >&2 ||
  fail "Cannot pull image \"$IMAGE\""

message="Mensaje de prueba N°$RANDOM$RANDOM"
# The x keeps the line's end, which $() would cut off. In the container the shell
# stays the first process, as that one could not be ended by timeout.
answer=$(
  printf '%s\n' "$message" |
    docker run --rm --interactive --network "${network%% *}" "$IMAGE" \
      sh -c "timeout $ANSWER_TIMEOUT nc $SERVER $PORT; true" || true
  printf x
)
[[ $answer == "$message"$'\nx' ]] || fail "the answer is not the message"
finish success
