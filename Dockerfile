# Both programs of the lottery and the echo example in one image; README.md,
# "Containers", tells how to use it.

ARG DENO_TAG=2.9.6

# Resolves the packages, so that a container starts without a network. It has to
# do so again only where they change.
FROM denoland/deno:${DENO_TAG} AS packages
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY deno.json deno.lock ./
COPY std std
RUN deno install --frozen

FROM denoland/deno:${DENO_TAG} AS programs
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY --from=packages /deno-dir /deno-dir
COPY deno.json deno.lock *.ts ./
COPY agency agency
COPY central central
COPY echo echo
COPY std std
COPY storage storage
COPY tools tools
USER deno
ENTRYPOINT ["deno", "task", "--quiet"]
CMD ["server"]

# Checks the types and runs the tests that need no permission. `make
# docker-image` builds it first; nothing of it is in the image.
FROM packages AS test
COPY . .
RUN deno check && deno test --no-prompt --permit-no-files

# What `docker build` makes if it is not told which.
FROM programs
