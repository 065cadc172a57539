# Deno from npm where none is installed; the programs need 2.9.5 or later.
DENO := $(if $(shell command -v deno),deno,npx -y deno@2.9.6)

default: build
.PHONY: default

# Fetches what is downloaded, so that the programs start without a network, and
# makes each program one executable file in build/.
build:
	$(DENO) install --entrypoint server.ts client.ts tools/*.ts
	$(DENO) check
	$(DENO) task build
.PHONY: build

test:
	$(DENO) task test
.PHONY: test

demo:
	$(DENO) task demo
.PHONY: demo

# The Compose plugin, or docker-compose where there is none.
COMPOSE = $(if $(shell docker compose version 2>/dev/null),docker compose,docker-compose)
# macOS's tar would add a file of attributes to each file.
export COPYFILE_DISABLE = 1
COMPOSE_FILE ?= docker-compose.yaml
export COMPOSE_FILE

# The programs write .data as whoever starts them; only root they need not be.
ifneq ($(shell id -u),0)
export LOTERIA_UID ?= $(shell id -u)
export LOTERIA_GID ?= $(shell id -g)
endif

# Tests are no part of the image, nor of what it is built from; the build that
# checks it is given them apart.
docker-image:
	tar -cf - --exclude=./.git --exclude=./.data --exclude=./.dockerignore . | \
		docker build --target test -
	docker build --target programs -t loteria:latest .
.PHONY: docker-image

docker-compose-up: docker-image
	$(COMPOSE) up -d
.PHONY: docker-compose-up

docker-compose-down:
	$(COMPOSE) stop -t 1
	$(COMPOSE) down
.PHONY: docker-compose-down

docker-compose-logs:
	$(COMPOSE) logs -f
.PHONY: docker-compose-logs
