#!/bin/sh
# Makes a test certificate for the central, and a token for each of N agencies,
# where there are none: make_secrets.sh FOLDER N. Run by the service `secrets`
# of a compose file that was written with SECURE=true.
set -eu
folder=$1
agencies=$2
# The programs read what this makes as members of its group.
umask 027

mkdir -p "$folder/central"
if [ ! -e "$folder/central/certificate.pem" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 365 -subj /CN=server -addext subjectAltName=DNS:server \
    -addext basicConstraints=critical,CA:FALSE \
    -keyout "$folder/central/key.pem" -out "$folder/central/certificate.pem"
fi

id=1
while [ "$id" -le "$agencies" ]; do
  own=$folder/agency-$id
  mkdir -p "$own"
  cp "$folder/central/certificate.pem" "$own/ca.pem"
  if [ ! -e "$own/token" ]; then
    deno task --quiet token add "$id" --file "$folder/central/credentials.csv" \
      >"$own/token.part"
    mv "$own/token.part" "$own/token"
  fi
  id=$((id + 1))
done
chmod 640 "$folder"/central/*
