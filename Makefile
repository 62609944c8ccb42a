# Everything is installed into this folder: .venv has the tools to build, check and test, .venv-local the local stack.
# They are separate because ministack pins a botocore version that aws-sam-cli does not accept.

PYTHON ?= python3.13
PORT ?= 8000
API_PORT ?= 3000
SUB ?= user-1
ARCHITECTURE ?= arm64
STAGE ?= dev
SECONDS_EACH ?= 60

# Recipes read these from the environment, so that the shell does not interpret their values.
export SUB SAMPLES STAGE PARAMETERS CHANGES EVENT URL ONLY COMMAND ISSUER AUDIENCE CLAIM TOKEN OTHER_TOKEN ORIGIN TABLE PAIRS PEER_PAIRS SEED
export SAM_CLI_TELEMETRY := 0
# uv must use the interpreter found below, not download another.
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help install browser browsers build deploy changes deploy-changes run invoke start-local-api token walk walk-check admin check-issuer verify-deployment test test-quick test-web coverage check prove load mutate bench merge-bench audit events screenshots views format clean
.DELETE_ON_ERROR:

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 26
	@echo
	@echo "  Variables: PORT=8000 (run, token, walk), SUB=user-1 (token, walk-check), ARCHITECTURE=arm64 (build, deploy),"
	@echo "  STAGE=dev, PARAMETERS=\"Name=value …\" (deploy), API_PORT=3000 (start-local-api), PYTHON=python3.13"

install: python node .venv/installed .venv-local/installed local/node_modules/installed web/dist/built ## Install all dependencies into this folder, and build the page

.venv/installed: requirements/dev.txt requirements/uv.txt | python
	@echo "Installing the tools to build, check and test into .venv …" >&2
	@$(call create_environment,.venv,requirements/dev.txt)

# Compiled here, because the emulator writes no bytecode; the tools compile what they use.
.venv-local/installed: requirements/local.txt requirements/uv.txt | python .venv/installed
	@echo "Installing the local stack into .venv-local …" >&2
	@$(call create_environment,.venv-local,requirements/local.txt,--compile-bytecode)

# What a single command needs: audit, duckdb, merging, mutation.
.venv-%/installed: requirements/%.txt requirements/uv.txt | python .venv/uv/installed
	@echo "Installing $* into .venv-$* …" >&2
	@$(call create_environment,.venv-$*,$<)

# uv needs a separate environment, because synchronising an environment removes what its file does not list.
.venv/uv/installed: requirements/uv.txt | python
	@rm -rf .venv/uv
	@$(PYTHON) -m venv .venv/uv
	@.venv/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt >&2
	@touch $@

.venv/installed .venv-local/installed: | .venv/uv/installed

define create_environment
	test -x $(1)/bin/pip || $(PYTHON) -m venv $(1)
	.venv/uv/bin/uv pip sync --quiet --require-hashes $(3) --python $(1) $(2) >&2
	touch $@
endef

# local: the database engine. web: the page's libraries. web/client: its compiler, what its tests need. tests: real tables, axe.
# tests/lighthouse: Lighthouse, for the part of `make prove` that runs it.
%/node_modules/installed: %/package-lock.json %/package.json %/.npmrc | node
	@echo "Installing npm packages into $*/node_modules …" >&2
	@cd $* && npm ci --loglevel=error --no-audit --no-fund --no-progress >/dev/null
	@mkdir -p $*/node_modules
	@touch $@

# Removed first, so that no module outlives its source.
web/client/dist/built: $(wildcard web/client/src/*.ts) web/client/tsconfig.json web/client/node_modules/installed
	@echo "Compiling the client into web/client/dist …" >&2
	@rm -rf web/client/dist
	@cd web/client && node_modules/.bin/tsc
	@touch $@

web/dist/built: web/build.js web/index.html web/session.js web/style.css web/theme.js $(wildcard web/app/*.js web/app/styles/*.css) web/client/dist/built web/node_modules/installed
	@echo "Building the page into web/dist …" >&2
	@cd web && node build.js
	@touch $@

.PHONY: python node
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || { \
	  echo "Python 3.13 is required, but '$(PYTHON)' is not Python 3.13. Install it with one of" >&2; \
	  echo "  pyenv install 3.13       https://github.com/pyenv/pyenv" >&2; \
	  echo "  uv python install 3.13   https://docs.astral.sh/uv/" >&2; \
	  echo "  the installer            https://www.python.org/downloads/" >&2; \
	  echo "If it is not on the PATH, name it: make PYTHON=/path/to/python3.13 …" >&2; exit 1; }

node:
	@command -v npm >/dev/null || { \
	  echo "Node.js with npm is required for the database engine and the page: https://nodejs.org/" >&2; exit 1; }

# Debian's own browser, because Playwright would download its browser from another host.
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable
APT := $(if $(filter 0,$(shell id -u)),,sudo )apt-get
browser: ## Install Chromium with apt unless a browser is found (DASHKEEP_BROWSER=/path names one)
	@test -n "$$DASHKEEP_BROWSER" || for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done || { \
	  echo "Installing Chromium with apt …" >&2; \
	  $(APT) update -qq && { $(APT) install -qq -y --no-install-recommends chromium-headless-shell \
	    || $(APT) install -qq -y --no-install-recommends chromium; }; } >&2

# For `make prove` only.
browsers: browser
	@{ command -v firefox-esr || command -v firefox; } >/dev/null && command -v WebKitWebDriver Xvfb >/dev/null || { \
	  echo "Installing Firefox and WebKit with apt …" >&2; \
	  $(APT) update -qq && $(APT) install -qq -y --no-install-recommends firefox-esr webkit2gtk-driver xvfb; } >&2

build: .venv/installed .venv-local/installed ## Build the deployment for AWS into .aws-sam/build
	@.venv-local/bin/python -m local.build --architecture $(ARCHITECTURE)

deploy: build ## Deploy to AWS with the parameters in samconfig.toml (STAGE=dev or prod; PARAMETERS="Name=value …" for once)
	@.venv-local/bin/python -m local.deploy --stage "$$STAGE" --architecture $(ARCHITECTURE) --parameters="$$PARAMETERS"

changes: ## Create the change set of a deployment, deploy nothing, and print it as Markdown (STAGE=, PARAMETERS=)
	@$(MAKE) --no-print-directory build >&2
	@.venv-local/bin/python -m local.deploy --stage "$$STAGE" --architecture $(ARCHITECTURE) --parameters="$$PARAMETERS" --changes-only

deploy-changes: .venv-local/installed ## Deploy exactly the change set that `make changes` printed (STAGE=, CHANGES=arn:…)
	@.venv-local/bin/python -m local.deploy --stage "$$STAGE" --execute "$$CHANGES"

run: install ## Run the whole service locally: the real template, no AWS account, no Docker
	@exec .venv-local/bin/python -m local.stack run --port $(PORT)

invoke: .venv/installed ## Run a function in Docker on the data of the running stack (EVENT=events/get_health/200-ok.json)
	@.venv/bin/python -m local.sam_local invoke "$$EVENT"

start-local-api: .venv/installed ## Serve the routes that need no token in Docker, on the data of the running stack (API_PORT=3000)
	@.venv/bin/python -m local.sam_local start-api --port $(API_PORT)

token: .venv-local/installed ## Print a token that the local stack accepts (make -s token)
	@.venv-local/bin/python -m local.stack token --sub "$$SUB" --port $(PORT)

walk: .venv-local/installed tests/node_modules/installed ## Save dashboards and real tables to the running stack and load them (SAMPLES=folder)
	@.venv-local/bin/python -m local.walk save --url http://127.0.0.1:$(PORT) $(if $(SAMPLES),--samples "$$SAMPLES")

walk-check: .venv-local/installed tests/node_modules/installed ## Load everything that a walk saved and compare it (SUB=its user)
	@.venv-local/bin/python -m local.walk check --url http://127.0.0.1:$(PORT) --sub "$$SUB" \
	  $(if $(SAMPLES),--samples "$$SAMPLES")

admin: .venv/installed ## Run an operator's command on the local stack, or on AWS with --stack (COMMAND="sweep --dry-run")
	@PYTHONPATH=shared .venv/bin/python -m admin $$COMMAND

check-issuer: .venv/installed ## Say which tokens of an OpenID Connect issuer would be accepted (ISSUER=https://…, AUDIENCE=, CLAIM=, TOKEN=)
	@PYTHONPATH=shared .venv/bin/python -m admin check-issuer "$$ISSUER" $(if $(AUDIENCE),--audience "$$AUDIENCE") \
	  $(if $(CLAIM),--claim "$$CLAIM") $(if $(TOKEN),--token "$$TOKEN")

verify-deployment: .venv/installed ## Check a deployment from outside, and write a report (URL=…/api, TOKEN=, OTHER_TOKEN= of two users, ORIGIN=, TABLE=)
	@PYTHONPATH=shared:tests .venv/bin/python -m deployment.run

CHECKS := check-format check-lint check-types check-types-local check-types-client check-template
.PHONY: $(CHECKS)

# Keep each target's output together if make supports it, and run all targets even if one fails.
SIDE_BY_SIDE = $(MAKE) --no-print-directory --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync)

# The longest first, five at a time: the first three mostly wait, and the others keep the processors busy.
TESTS := test-page test-waits test-stack test-rest test-admin test-functions test-devices test-contract $(CHECKS) test-client
.PHONY: $(TESTS)
test: python node ## Check and test everything
	+@$(MAKE) --no-print-directory --jobs 4 install browser tests/node_modules/installed
	@echo "Running the tests in parallel; the output of each part is shown when it is complete …"
	+@$(SIDE_BY_SIDE) --jobs 5 $(TESTS)

test-stack:
	.venv/bin/pytest tests/stack -m "not waits"

test-waits:
	.venv/bin/pytest tests/stack -m waits

test-client: web/client/dist/built
	cd web && node --test --test-timeout=120000 client/tests/*.test.js app/tests/*.test.js

test-contract:
	.venv/bin/pytest tests/contract

test-admin:
	.venv/bin/pytest tests/admin

test-functions:
	.venv/bin/pytest tests/functions

# Everything outside these folders, so that no test is left out.
test-rest:
	.venv/bin/pytest $(foreach folder,admin contract functions stack web,--ignore tests/$(folder))

coverage: .venv/installed tests/node_modules/installed ## Report the branches of shared/ and functions/ that no test runs
	@PYTHONPATH=shared:tests .venv/bin/python -m prove.branches

test-page:
	.venv/bin/pytest tests/web --ignore tests/web/test_devices.py

# Apart from the other tests of the page, because it takes a minute and mostly waits.
test-devices:
	.venv/bin/pytest tests/web/test_devices.py

test-web: install browser tests/node_modules/installed ## Test only the page, in a real browser
	@$(MAKE) --no-print-directory test-page

test-quick: check tests/node_modules/installed ## Like test, without the tests that start the local stack
	+@$(SIDE_BY_SIDE) --jobs 2 test-functions test-rest test-contract test-admin

check: install ## Check formatting, lint, types and the template
	+@$(SIDE_BY_SIDE) --jobs 4 $(CHECKS)

check-format:
	.venv/bin/ruff format --check .

check-lint:
	.venv/bin/ruff check .

check-types:
	.venv/bin/mypy shared functions tests benchmarks admin

check-types-local:
	.venv/bin/mypy --cache-dir .mypy_cache/local --python-executable .venv-local/bin/python local

check-types-client: web/client/dist/built
	cd web/client && node_modules/.bin/tsc --project tests

check-template:
	.venv-local/bin/python -m local.build --validate

# `make prove PART=sam-local` is skipped where there is no Docker.
.PHONY: docker
docker:
	@missing=$$(command -v docker >/dev/null || printf 'docker.io '; command -v debootstrap >/dev/null || printf debootstrap); \
	test -z "$$missing" || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || { \
	  echo "Installing $$missing with apt …" >&2; \
	  $(APT) update -qq && $(APT) install -qq -y --no-install-recommends $$missing; } >&2

SAM_LOCAL := $(if $(filter sam-local,$(or $(PART),sam-local)),docker .venv-benchmark-runtime/installed)
# Two hundred packages, which only this part needs.
LIGHTHOUSE := $(if $(filter page,$(or $(PART),page)),tests/lighthouse/node_modules/installed)
# What another reader finds in our CSV files.
DUCKDB := $(if $(filter tables,$(or $(PART),tables)),.venv-duckdb/installed)
prove: install browsers tests/node_modules/installed $(LIGHTHOUSE) $(SAM_LOCAL) $(DUCKDB) ## Run the long checks too, and write the results to docs/testing.md (PART=name)
	@PYTHONPATH=shared:tests .venv/bin/python -m prove.run $(addprefix --part ,$(PART))

load: install ## Run loads and saves with 1, 8 and 32 clients for a minute each (URL=a running stack, SECONDS_EACH=60)
	@PYTHONPATH=shared:tests .venv/bin/python -m prove.load $(if $(URL),--url "$$URL") --seconds $(SECONDS_EACH)

# What Dashkeep is compared with: boto3 alone, as the lower bound, and frameworks, each in a separate environment.
PEERS := boto3 chalice fastapi flask powertools
BENCH := PYTHONPATH=shared:tests:$(subst $() ,:,$(wildcard functions/*)) .venv/bin/python -m benchmarks
.PHONY: valgrind
bench: install valgrind tests/node_modules/installed $(PEERS:%=.venv-benchmark-%/installed) service-contenders ## Run all benchmarks and write docs/performance.md (PARTS="warm price" runs only these and writes no page)
	@$(BENCH) $(PARTS)

merge-bench: .venv/installed .venv-merging/installed tests/merging/npm/node_modules/installed ## Merge generated pairs of edits with Dashkeep and with others, judge the outcomes, and write docs/merge-benchmark.md (PAIRS=100000, PEER_PAIRS=5000, SEED=1)
	@PYTHONPATH=shared:tests .venv/bin/python -m merging.run \
	  $(if $(PAIRS),--pairs "$$PAIRS") $(if $(PEER_PAIRS),--peer-pairs "$$PEER_PAIRS") $(if $(SEED),--seed "$$SEED")

.venv-benchmark-%/installed: benchmarks/requirements/%.txt benchmarks/layer.py | python .venv/uv/installed
	@echo "Installing $* for comparison …" >&2
	@$(PYTHON) -m venv --clear .venv-benchmark-$*
	@.venv/uv/bin/uv pip sync --quiet --require-hashes --python .venv-benchmark-$* $< >&2
	@$(PYTHON) -m benchmarks.layer .venv-benchmark-$*
	@touch $@

# Unpacking Debian's package needs no root, and is enough to count instructions.
valgrind:
	@command -v valgrind >/dev/null || test -x .valgrind/usr/bin/valgrind || { \
	  command -v apt-get >/dev/null && echo "Unpacking valgrind into .valgrind …" >&2 && \
	  mkdir -p .valgrind && cd .valgrind && apt-get download -qq valgrind >&2 && dpkg -x valgrind_*.deb .; } || { \
	  echo "valgrind is required to count instructions. Install it: apt install valgrind, or dnf install valgrind." >&2; exit 1; }

# Mutants are generated from the current modules on every run.
MUTATED := $(addprefix shared/dashboard_store/,documents/merge.py preconditions.py identifiers.py retry.py) \
  $(wildcard $(addprefix shared/dashboard_store/,documents/merging/*.py repository/*.py dynamodb/*.py))
mutate: .venv-mutation/installed .venv/installed local/node_modules/installed ## Run mutation tests: each change of the code must fail a test (20 minutes; ONLY=merge)
	@echo "Generating mutants; testing them takes about 20 minutes on two cores, less with ONLY=merge …" >&2
	@PYTHONPATH=tests .venv-mutation/bin/python -m mutation.make $(MUTATED) > .venv-mutation/mutants.jsonl
	@PYTHONPATH=shared:tests .venv/bin/python -m mutation.run .venv-mutation/mutants.jsonl --only "$$ONLY"

# The service process compared with alternatives; each has its own environment, because none is deployed.
SERVICE := benchmarks/service/npm
service-contenders: .venv-benchmark-runtime/installed .venv-benchmark-service/installed $(SERVICE)/next/.next/BUILD_ID

.PHONY: service-contenders

# Prisma would download a migration engine, which generating a client does not use; any program can take its place.
$(SERVICE)/next/.next/BUILD_ID: $(SERVICE)/node_modules/installed $(shell find $(SERVICE)/next -name '*.js' -not -path '*/.next/*') $(SERVICE)/next/schema.prisma
	@echo "Building the Next.js application for comparison …" >&2
	@cd $(SERVICE) && PRISMA_SCHEMA_ENGINE_BINARY="$(CURDIR)/.venv/bin/python" CHECKPOINT_DISABLE=1 NEXT_TELEMETRY_DISABLED=1 \
	  npm run --silent build >&2
	@touch $@

audit: .venv-audit/installed ## Check deployed packages and build tools for known vulnerabilities
	@.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes \
	  -r shared/requirements.txt -r requirements/dev.txt -r requirements/local.txt

events: .venv/installed ## Generate events/ from the rows in tests/events/
	@PYTHONPATH=shared:tests .venv/bin/python -m support.handlers.events

screenshots: install browser ## Take the screenshots in docs/images with Chromium
	@PYTHONPATH=shared:tests .venv/bin/python -m support.running.screenshots

views: install browser tests/node_modules/installed ## Take pictures of every view of the page into .prove/views, to look at (SCENES="charts saving")
	@PYTHONPATH=shared:tests .venv/bin/python -m support.running.views $(SCENES)

format: .venv/installed ## Format the code and apply automatic fixes
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean: ## Remove everything installed, built or saved here, including the local stack's data
	@if ps -p "$$(cat .local/lock 2>/dev/null || echo 0)" -o args= 2>/dev/null | grep -q 'local\.stack run'; then \
	  echo "The local stack is running on the data in .local. Stop it first (Ctrl-C)." >&2; exit 1; fi
	rm -rf .venv .venv-* .valgrind .aws-sam .local .benchmark */node_modules web/client/node_modules web/client/dist web/dist tests/lighthouse/node_modules
	rm -rf $(SERVICE)/node_modules $(SERVICE)/next/.next tests/merging/npm/node_modules web/client/LICENSE web/client/*.tgz
	cd tests/applications && rm -rf */node_modules */dist */.next */next-env.d.ts */*.tsbuildinfo
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .prove .verify
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
