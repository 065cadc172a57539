# Deno from npm where none is installed.
DENO := $(if $(shell command -v deno),deno,npx -y deno@2.9.6)

default: build
.PHONY: default

# Fetches what is downloaded, so that the programs start without a network.
build:
	$(DENO) install --entrypoint server.ts client.ts tools/*.ts
	$(DENO) check
.PHONY: build

test:
	$(DENO) task test
.PHONY: test

demo:
	$(DENO) task demo
.PHONY: demo
