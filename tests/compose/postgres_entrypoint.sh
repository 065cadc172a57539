#!/bin/sh
# Stand-in for the entrypoint of the image postgres:15: makes a database for a
# user, as the variables say, where there is none, and starts the server.
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --encoding=UTF8 \
    --locale=C --auth-local=trust --auth-host=scram-sha-256
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  printf 'CREATE DATABASE "%s";\n' "$POSTGRES_USER" |
    postgres --single -D "$PGDATA" postgres
fi
exec postgres -c 'listen_addresses=*'
