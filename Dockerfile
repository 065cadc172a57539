# Both programs of the lottery and the echo example in one image;
# docs/containers.md tells how to use it.

ARG DENO_TAG=2.9.6

# Resolves the packages, so that a container starts without a network. This
# stage is rebuilt only when they change.
FROM denoland/deno:${DENO_TAG} AS packages
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY deno.json deno.lock ./
COPY std std
RUN deno install --frozen

FROM denoland/deno:${DENO_TAG} AS sources
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY --from=packages /deno-dir /deno-dir
COPY deno.json deno.lock *.ts ./
COPY agency agency
COPY bet bet
COPY bytes bytes
COPY central central
COPY echo echo
COPY net net
COPY program program
COPY protocol protocol
COPY std std
COPY storage storage
COPY tools tools

FROM sources AS bundles
RUN for program in server client; do \
      deno bundle --quiet --output "$program.js" "$program.ts" || exit; \
    done

# Of one file, an agency starts in four fifths of the time.
FROM sources AS programs
COPY --from=bundles /app/server.js /app/client.js ./
RUN sed -i 's/ \(server\|client\)\.ts"/ \1.js"/' deno.json
USER deno
ENTRYPOINT ["deno", "task", "--quiet"]
CMD ["server"]

# Also makes certificates, for compose files written with SECURE=true.
FROM programs AS secrets
USER root
RUN command -v openssl || { \
      apt-get update && \
      apt-get install --yes --no-install-recommends openssl && \
      rm -rf /var/lib/apt/lists/*; \
    }
COPY containers/make_secrets.sh .
USER deno

# Also stores in a database, for compose files written with STORE=postgres.
FROM packages AS postgres-packages
COPY postgres/deno.json postgres/deno.lock postgres/
RUN deno install --frozen --config postgres/deno.json

FROM programs AS postgres
COPY --from=postgres-packages /deno-dir /deno-dir
COPY postgres postgres

# Checks the types and runs the tests that need no permission. `make
# docker-image` builds this stage first; the image contains nothing of it.
FROM packages AS test
COPY . .
RUN deno check && deno test --no-prompt --permit-no-files

# The default target of `docker build`.
FROM programs
