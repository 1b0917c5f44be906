PYTHON ?= python3
ARGS ?=
IMAGE ?= outrider:dev

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# The suite has eight minutes. INT first, so that pytest shows where it hung and fixtures end what they started.
# macOS has no `timeout` of its own.
LIMIT := $(if $(shell command -v timeout),timeout --foreground --signal=INT --kill-after=30 480)
# command:package, for what the tests and the benchmark use and pip cannot install.
TOOLS := nginx:nginx-light openssl:openssl redis-server:redis-server prometheus:prometheus chromium:chromium zsh:zsh fish:fish ip:iproute2 nsenter:util-linux buildah:buildah

# The inference servers of test-real, and where they are built: a folder for each pair of versions. JOBS compilers run at once.
OLLAMA := 0.17.4
LLAMA_CPP := 0.3.36
# What the table of models is made from.
TABLE := litellm==1.109.1 genai-prices==0.2.3
REAL := .tools/ollama-$(OLLAMA)-llama-$(LLAMA_CPP)
JOBS ?= 2
NEEDED = @for tool in $(1); do command -v $$tool >/dev/null || { echo "make test-real needs $$tool: see docs/testing.md" >&2; exit 1; }; done

.DEFAULT_GOAL := help
.PHONY: help run test test-node test-real soak check golden bench tokens image test-image lock tools models-table clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 names another Python (3.11 or newer), ARGS=... adds arguments to run, test, soak and bench."

run: .venv/.stamp ## start the sidecar on 127.0.0.1:11411; without any key it serves the mock
	$(BIN)/outrider serve $(ARGS)

# Three workers for two cores: many tests wait.
test: .venv/.stamp-dev ## run the tests, on two cores
	$(LIMIT) $(BIN)/python -m pytest --numprocesses 3 --dist loadfile $(ARGS)

test-node: .venv/.stamp-dev tests/node/node_modules/.stamp ## run the Node SDKs against a sidecar
	$(BIN)/python -m tests.node $(ARGS)

test-real: .venv/.stamp-dev $(REAL)/ollama $(REAL)/llama-server ## run SDKs against a real Ollama and llama.cpp (docs/testing.md)
	OUTRIDER_REAL=$(abspath $(REAL)) $(LIMIT) $(BIN)/python -m pytest tests/real $(ARGS)

soak: .venv/.stamp-dev ## ten minutes of faults, reloads and an end with streams open; ARGS="--seconds 30" is shorter
	nice $(BIN)/python -m tests.soak $(ARGS)

check: .venv/.stamp-dev ## lint, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

golden: .venv/.stamp-dev ## write the goldens anew; the diff is the review
	$(BIN)/python -m tests.goldens --write $(ARGS)

models-table: .venv/.stamp ## write the table of models anew from two packages of the registry; the diff is the review
	rm -rf .tools/models
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest .tools/models $(TABLE)
	$(BIN)/python scripts/models.py .tools/models proxy/models/table.tsv

tokens: .venv/.stamp-dev ## measure the estimate of tokens against real tokenizers; ARGS=--write writes docs/tokens.md and the weights
	$(BIN)/python -m tests.tokens .tools/tokens $(ARGS)

bench: .venv/.stamp-dev ## measure against nginx and a bare aiohttp proxy, side by side
	$(BIN)/python -m tests.bench $(ARGS)

image: ## build the container image with docker or buildah, on bases made of Debian's packages where no registry answers
	@docker info >/dev/null 2>&1 || command -v buildah >/dev/null || $(MAKE) --no-print-directory tools TOOLS=buildah:buildah
	scripts/image.sh $(IMAGE) .tools/image

test-image: image .venv/.stamp-dev ## build the image and run it under a pod's constraints (as root)
	OUTRIDER_IMAGE=$(abspath .tools/image) $(LIMIT) $(BIN)/python -m pytest tests/image $(ARGS)

lock: .venv/.stamp-dev ## write the hashes of what the image installs anew
	$(BIN)/python scripts/image_lock.py

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

include tests/cluster/tools/tools.mk
include tests/chart/tools.mk

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

# llama.cpp, as the sources of llama-cpp-python have it: moved there when all of it is there. The models are tiny, so it is compiled
# to be compiled soon.
$(REAL)/llama.cpp/CMakeLists.txt:
	$(call NEEDED,go cmake cc c++)
	@rm -rf $(REAL)/unpacked $(REAL)/llama.cpp && mkdir -p $(REAL)/unpacked
	$(BIN)/python -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest $(REAL)/unpacked llama-cpp-python==$(LLAMA_CPP)
	tar -xzf $(REAL)/unpacked/llama_cpp_python-$(LLAMA_CPP).tar.gz -C $(REAL)/unpacked llama_cpp_python-$(LLAMA_CPP)/vendor/llama.cpp
	@mv $(REAL)/unpacked/llama_cpp_python-$(LLAMA_CPP)/vendor/llama.cpp $(REAL)/llama.cpp && rm -rf $(REAL)/unpacked

$(REAL)/llama-server: | $(REAL)/llama.cpp/CMakeLists.txt
	cmake -S $(REAL)/llama.cpp -B $(REAL)/build -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 -DCMAKE_CXX_FLAGS=-O1 \
		-DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF >$(REAL)/cmake.log
	nice cmake --build $(REAL)/build --target llama-server --parallel $(JOBS)
	cp $(REAL)/build/bin/llama-server $@

# Go leaves out of a module what stands in a folder called vendor; what Ollama has in its own is in llama.cpp's too.
$(REAL)/ollama: | $(REAL)/llama.cpp/CMakeLists.txt
	CGO_ENABLED=1 CGO_CFLAGS="-O1 -g0" CGO_CXXFLAGS="-O1 -g0 -I$(abspath $(REAL))/llama.cpp/vendor" GOBIN=$(abspath $(REAL)) \
		nice go install -p $(JOBS) github.com/ollama/ollama@v$(OLLAMA)
