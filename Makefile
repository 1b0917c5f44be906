PYTHON ?= python3
ARGS ?=
IMAGE ?= outrider:dev

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# The suite has eight minutes. INT first, so that pytest shows where it hung and fixtures end what they started.
# macOS has no `timeout` of its own.
LIMIT := $(if $(shell command -v timeout),timeout --foreground --signal=INT --kill-after=30 480)
# command:package, for what the tests and the benchmark use and pip cannot install.
TOOLS := nginx:nginx-light openssl:openssl

.DEFAULT_GOAL := help
.PHONY: help run test test-node check golden bench image tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 names another Python (3.11 or newer), ARGS=... adds arguments to run, test and bench."

run: .venv/.stamp ## start the sidecar on 127.0.0.1:11411; without any key it serves the mock
	$(BIN)/outrider serve $(ARGS)

test: .venv/.stamp-dev ## run the tests
	$(LIMIT) $(BIN)/python -m pytest $(ARGS)

test-node: .venv/.stamp-dev tests/node/node_modules/.stamp ## run the Node SDKs against a sidecar
	$(BIN)/python -m tests.node $(ARGS)

check: .venv/.stamp-dev ## lint, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

golden: .venv/.stamp-dev ## write the goldens anew; the diff is the review
	$(BIN)/python -m tests.goldens --write $(ARGS)

bench: .venv/.stamp-dev ## measure against nginx and a bare aiohttp proxy, side by side
	$(BIN)/python -m tests.bench $(ARGS)

image: ## build the container image with docker or buildah
	@if docker info >/dev/null 2>&1; then docker build --tag $(IMAGE) .; \
	elif command -v buildah >/dev/null; then buildah build --tag $(IMAGE) .; \
	else echo "make image needs buildah, or docker with a running daemon; neither was found." >&2; exit 1; fi

tools: ## install the system programs that some tests use (Debian, as root), or name what is missing
	@PATH="$$PATH:/usr/sbin"; missing=; \
	for tool in $(TOOLS); do command -v "$${tool%%:*}" >/dev/null || missing="$$missing $${tool#*:}"; done; \
	if [ -z "$$missing" ]; then echo "tools: everything is there"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; \
	else echo "tools: not installed:$$missing. What needs them is skipped."; fi

clean: ## remove caches and build output; the environment in .venv stays
	rm -rf build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find proxy tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps: what serves needs no development tools.
.venv/.stamp: setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Outrider needs Python 3.11 or newer and $(PYTHON) is %d.%d: make PYTHON=python3.12 run" % v[:2])'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/.stamp-dev: .venv/.stamp
	$(PIP) --editable '.[dev]'
	@touch $@

tests/node/node_modules/.stamp: tests/node/package-lock.json
	npm ci --prefix tests/node --no-audit --no-fund --ignore-scripts --silent
	@touch $@
