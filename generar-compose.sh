#!/usr/bin/env bash
# Writes a compose file for the central and N agencies, or for the echo example:
#
#   ./generar-compose.sh docker-compose.yaml 5
#   EXAMPLE=echo ./generar-compose.sh docker-compose-echo.yaml 1
#   SECURE=true ./generar-compose.sh docker-compose-secure.yaml 5
#   STORE=postgres ./generar-compose.sh docker-compose-postgres.yaml 5
#   STATUS_PORT=8080 ./generar-compose.sh docker-compose-status.yaml 5
# `sh generar-compose.sh` may run it in dash.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail

# 172.25.125.0/24 without the network's own address, its gateway and the broadcast
# address.
readonly ADDRESSES=253
# What the compose file says where the database's password stands.
readonly PASSWORD='${LOTERIA_PASSWORD:-loteria}'

fail() {
  printf '%s\n' "generar-compose.sh: $1" >&2
  exit 1
}

# Writes its input, as `cat` does, but without a process for each piece.
write() {
  local text
  IFS= read -r -d "" text || true
  printf '%s' "$text"
}

# What every service has.
write_head() {
  write <<YAML
# Written by generar-compose.sh; docs/containers.md tells how to use it.

x-program: &program
  image: loteria:latest
  # It is in no registry.
  pull_policy: never
  # Who may write .data on this machine; nothing else is kept there.
  user: "\${LOTERIA_UID:-1000}:\${LOTERIA_GID:-1000}"
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  # They need less than one.
  stop_grace_period: 5s
  volumes:
    - ./config.yaml:/app/config.yaml:ro
YAML
}

# Where the image is built: in the service that all others wait for.
write_build() {
  write <<YAML
    build:
      context: .
      target: $1
YAML
}

write_data_services() {
  write <<YAML
    - ./.data:/app/.data

services:
  # Opens the folder to the programs' group, whoever owns it, so that they need
  # not be root. Its capabilities are to find the files of any folder, and to
  # change the group and the mode of any file.
  permissions:
    <<: *program
YAML
  write_build programs
  write <<YAML
    container_name: permissions
    user: "0:\${LOTERIA_GID:-1000}"
    cap_add: [CHOWN, DAC_READ_SEARCH, FOWNER]
    network_mode: none
    entrypoint: ["sh", "-c"]
    command:
      - >-
          chgrp \${LOTERIA_GID:-1000} .data .data/*.csv* 2>/dev/null;
          chmod g+rwX .data .data/*.csv* 2>/dev/null;
          true

  # Makes the agencies' files where there are none.
  data:
    <<: *program
    container_name: data
    network_mode: none
    command: [$(data_command)]
    depends_on:
      permissions:
        condition: service_completed_successfully

YAML
}

# Makes a certificate and tokens where there are none. It is root, so that it can
# write the folder that the engine makes, and needs no capability for that.
write_secrets_service() {
  write <<YAML
  secrets:
    <<: *program
    image: loteria-secrets:latest
    build:
      context: .
      target: secrets
    container_name: secrets
    user: "0:\${LOTERIA_GID:-1000}"
    network_mode: none
    entrypoint: ["sh", "make_secrets.sh"]
    command: ["/secrets", "$clients"]
    volumes:
      - ./config.yaml:/app/config.yaml:ro
      - ./.secrets:/secrets
    depends_on:
      permissions:
        condition: service_completed_successfully

YAML
}

# What a service sees of the secrets: its own folder.
write_secrets_volume() {
  write <<YAML
    volumes:
      - ./config.yaml:/app/config.yaml:ro
      - ./.data:/app/.data
      - ./.secrets/$1:/run/secrets:ro
YAML
}

data_command() {
  printf 'data, --keep'
  # Five is what there is without asking, of the real set's sizes.
  if ((clients > 5)); then printf ', --agencies, "%d"' "$clients"; fi
}

# The database that two centrals share. It can be reached in this network only.
write_database() {
  write <<YAML
  database:
    image: postgres:15
    container_name: database
    user: postgres
    # Without waiting for its clients to go.
    stop_signal: SIGINT
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    environment:
      POSTGRES_USER: loteria
      POSTGRES_PASSWORD: $PASSWORD
    tmpfs: [/tmp, /var/run/postgresql]
    volumes:
      - database:/var/lib/postgresql/data
    # By TCP: while it makes its files it listens on a socket only.
    healthcheck:
      test: [CMD, pg_isready, --host=127.0.0.1, --username=loteria]
      interval: 1s
      start_period: 60s
    networks: [testing_net]

YAML
}

write_server() {
  write <<YAML
  $1:
    <<: *program
YAML
  if [[ $example == echo ]]; then write_build programs; fi
  if [[ $store ]]; then
    write <<YAML
    image: loteria-postgres:latest
YAML
    write_build postgres
  fi
  write <<YAML
    container_name: $1
    command: ["${prefix}server${store:+:$store}"]
    environment:
      SERVER_PORT: "12345"
YAML
  if [[ $example != echo ]]; then
    write <<YAML
      SERVER_DRAW_AGENCIES: "$clients"
      SERVER_STATUS_PORT: "8080"
YAML
    write_status_host
    if [[ $store ]]; then
      write <<YAML
      SERVER_STORE_URL: postgres://loteria:$PASSWORD@database/loteria
YAML
    fi
    if [[ $secure ]]; then
      write <<YAML
      SERVER_CREDENTIALS: /run/secrets/credentials.csv
      SERVER_TLS_CERTIFICATE: /run/secrets/certificate.pem
      SERVER_TLS_KEY: /run/secrets/key.pem
YAML
      write_secrets_volume central
    fi
    write <<YAML
    depends_on:
      data:
        condition: service_completed_successfully
YAML
    if [[ $secure ]]; then
      write <<YAML
      secrets:
        condition: service_completed_successfully
YAML
    fi
    if [[ $store ]]; then
      write <<YAML
      database:
        condition: service_healthy
YAML
    fi
  fi
  if [[ $example != echo ]]; then write_ports "$2"; fi
  write_healthcheck
  write <<YAML
      interval: 1s
      start_period: 60s
    networks: [testing_net]
YAML
}

# Only where its port is published does the status page listen to others.
write_status_host() {
  write <<YAML
      ${comment}SERVER_STATUS_HOST: "0.0.0.0"
YAML
}

# Publishes the status page of a central, by its place, on this machine only.
write_ports() {
  write <<YAML
    # The page is http://127.0.0.1:$((status_port + $1))/ with this and the host above.
    ${comment}ports: ["127.0.0.1:$((status_port + $1)):8080"]
YAML
}

write_healthcheck() {
  if [[ $example == echo ]]; then
    write <<YAML
    # Whether it listens on 12345, without a connection that it would log.
    healthcheck:
      test: grep -qs ":3039 0*:0000 0A" /proc/net/tcp /proc/net/tcp6
YAML
  else
    write <<YAML
    # Whether the status page says that it takes bets.
    healthcheck:
      test:
        - CMD
        - bash
        - -c
        - >-
            exec 3<>/dev/tcp/127.0.0.1/8080;
            printf "GET /ready HTTP/1.0\\r\\n\\r\\n" >&3;
            read -r line <&3 && [[ \$\$line == *" 200 "* ]]
YAML
  fi
}

write_client() {
  local addresses
  list_addresses "$1"
  write <<YAML

  client$1:
    <<: *program
    container_name: client$1
    command: ["${prefix}client"]
    environment:
      CLI_ID: "$1"
      CLI_SERVER_ADDRESS: $addresses
YAML
  if [[ $example != echo ]]; then
    write <<YAML
      CLI_DRAW_AWAIT: "true"
YAML
  fi
  if [[ $secure ]]; then
    write <<YAML
      CLI_AGENCY_TOKENFILE: /run/secrets/token
      CLI_TLS_CA: /run/secrets/ca.pem
YAML
    write_secrets_volume "agency-$1"
  fi
  write <<YAML
    depends_on:
YAML
  for server in "${servers[@]}"; do
    write <<YAML
      $server:
        condition: service_healthy
YAML
  done
  write <<YAML
    networks: [testing_net]
YAML
}

# Sets `addresses`. Half of the agencies turn to one central first, half of them
# to the other.
list_addresses() {
  local first=$((($1 - 1) % ${#servers[@]})) i
  addresses=${servers[first]}:12345
  for ((i = 1; i < ${#servers[@]}; i++)); do
    addresses+=,${servers[(first + i) % ${#servers[@]}]}:12345
  done
}

write_compose() {
  write_head
  if [[ $example == echo ]]; then
    printf '\nservices:\n'
  else
    write_data_services
    if [[ $secure ]]; then write_secrets_service; fi
  fi
  if [[ $store ]]; then write_database; fi
  local i
  for i in "${!servers[@]}"; do
    if ((i > 0)); then printf '\n'; fi
    write_server "${servers[i]}" "$i"
  done
  for ((client = 1; client <= clients; client++)); do
    write_client "$client"
  done
  write <<YAML

networks:
  testing_net:
    ipam:
      driver: default
      config:
        - subnet: 172.25.125.0/24
YAML
  if [[ $store ]]; then
    write <<YAML

volumes:
  database:
YAML
  fi
}

(($# == 2)) || fail "expected FILE and N, as in: ./generar-compose.sh docker-compose.yaml 5"
file=$1
[[ -n $file ]] || fail "Cannot write the file: its name is empty"
[[ ! -d $file ]] || fail "Cannot write \"$file\": it is a folder"
example=${EXAMPLE:-}
[[ $example == "" || $example == echo ]] ||
  fail "Cannot make example \"$example\": there is \"echo\", or none"
prefix=${example:+$example:}
[[ ${SECURE:-} == "" || $SECURE == true ]] ||
  fail "Cannot use SECURE=\"$SECURE\": it is \"true\", or not set"
secure=${SECURE:-}
[[ ! $secure || ! $example ]] ||
  fail "Cannot make example \"$example\" secure: it has no tokens and no TLS"
[[ ${STORE:-} == "" || $STORE == postgres ]] ||
  fail "Cannot use STORE=\"$STORE\": it is \"postgres\", or not set"
store=${STORE:-}
[[ ! $store || ! $example$secure ]] ||
  fail "Cannot use STORE=postgres with EXAMPLE or SECURE"
status_port=${STATUS_PORT:-8080}
[[ $status_port =~ ^[1-9][0-9]{0,4}$ && $status_port -lt 65535 ]] ||
  fail "Cannot use STATUS_PORT=\"$STATUS_PORT\": it must be a port from 1 to 65534, or not set"
[[ ! ${STATUS_PORT:-} || ! $example ]] ||
  fail "Cannot use STATUS_PORT with EXAMPLE: it has no status page"
# Without a port the lines for it are there to be uncommented.
comment=""
[[ ${STATUS_PORT:-} ]] || comment="# "
servers=(server)
if [[ $store ]]; then servers=(server1 server2); fi
hosts=("${servers[@]}" ${store:+database})
max_clients=$((ADDRESSES - ${#hosts[@]}))
[[ $2 =~ ^(0|[1-9][0-9]{0,2})$ && $2 -le $max_clients ]] ||
  fail "Cannot make \"$2\" clients: it must be a whole number from 0 to $max_clients, as the network has no more addresses"
clients=$2

compose=$(write_compose)
printf '%s\n' "$compose" 2>/dev/null >"$file" || fail "Cannot write \"$file\""
