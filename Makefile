# Everything is installed into this folder: .venv builds, checks and tests, .venv-local runs the local stack.
# They are two because ministack pins a botocore that aws-sam-cli does not accept.

PYTHON ?= python3.13
PORT ?= 8000
SUB ?= user-1
ARCHITECTURE ?= arm64
STAGE ?= dev
SECONDS_EACH ?= 60

# Recipes read these from the environment, where no character of a value means anything to the shell.
export SUB SAMPLES STAGE URL ONLY
export SAM_CLI_TELEMETRY := 0
# The interpreter is the one found below; uv is not to fetch another.
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help install browser build deploy run token walk walk-check test test-quick test-web coverage check prove load mutate bench bench-apart audit events format clean
.DELETE_ON_ERROR:

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo
	@echo "  PORT=8000 (run, token, walk), SUB=user-1 (token, walk-check), ARCHITECTURE=arm64 (build, deploy),"
	@echo "  STAGE=dev (deploy) and PYTHON=python3.13 may be given"

install: python node .venv/installed .venv-local/installed local/node_modules/installed web/node_modules/installed web/client/node_modules/installed ## Install what the rest needs, into this folder

.venv/installed: requirements/dev.txt requirements/uv.txt | python
	@echo "Installing the tools that build, check and test into .venv …" >&2
	@$(call create_environment,.venv,requirements/dev.txt)

.venv-local/installed: requirements/local.txt requirements/uv.txt | python .venv/installed
	@echo "Installing the local stack into .venv-local …" >&2
	@$(call create_environment,.venv-local,requirements/local.txt)

# An environment of its own for uv, because a synchronised one holds what its file names and nothing else.
.venv/uv/installed: requirements/uv.txt | python
	@rm -rf .venv/uv
	@$(PYTHON) -m venv .venv/uv
	@.venv/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt >&2
	@touch $@

.venv/installed .venv-local/installed: | .venv/uv/installed

define create_environment
	test -x $(1)/bin/pip || $(PYTHON) -m venv $(1)
	.venv/uv/bin/uv pip sync --quiet --require-hashes --compile-bytecode --python $(1) $(2) >&2
	touch $@
endef

# local: the database engine. web: the pages' libraries. web/client: what checks it. tests: real tables, axe.
%/node_modules/installed: %/package-lock.json %/package.json %/.npmrc | node
	@echo "Installing what npm has for $*/ into $*/node_modules …" >&2
	@cd $* && npm ci --silent --no-audit --no-fund >&2
	@mkdir -p $*/node_modules
	@touch $@

.PHONY: python node
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || { \
	  echo "Python 3.13 is needed and '$(PYTHON)' is not it. Install it with one of" >&2; \
	  echo "  pyenv install 3.13       https://github.com/pyenv/pyenv" >&2; \
	  echo "  uv python install 3.13   https://docs.astral.sh/uv/" >&2; \
	  echo "  the installer            https://www.python.org/downloads/" >&2; \
	  echo "and say where it is if it is not on the PATH: make PYTHON=/path/to/python3.13 …" >&2; exit 1; }

node:
	@command -v npm >/dev/null || { \
	  echo "Node.js with npm is needed, for the database engine and the page: https://nodejs.org/" >&2; exit 1; }

# Debian's own browser, because Playwright's would come from a host of its own.
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
APT := $(if $(filter 0,$(shell id -u)),,sudo )apt-get
browser: ## Install Chromium by apt where there is none (DASHKEEP_BROWSER=/path names another)
	@test -n "$$DASHKEEP_BROWSER" || for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done || { \
	  echo "Installing Chromium by apt …" >&2; \
	  $(APT) update -qq && $(APT) install -qq -y --no-install-recommends chromium; } >&2

build: .venv/installed .venv-local/installed ## Build what is deployed to AWS, into .aws-sam/build
	@.venv-local/bin/python -m local.build --architecture $(ARCHITECTURE)

deploy: build ## Deploy to AWS, as samconfig.toml says for STAGE=dev or prod
	@.venv-local/bin/python -m local.deploy --stage "$$STAGE" --architecture $(ARCHITECTURE)

run: install ## Run everything on this machine: the real template, no AWS account, no Docker
	@exec .venv-local/bin/python -m local.stack run --port $(PORT)

token: .venv-local/installed ## Print a token that the local stack accepts (make -s token)
	@.venv-local/bin/python -m local.stack token --sub "$$SUB" --port $(PORT)

walk: .venv-local/installed tests/node_modules/installed ## Save real dashboards and tables to the running stack, and load them (SAMPLES=folder)
	@.venv-local/bin/python -m local.walk save --url http://127.0.0.1:$(PORT) $(if $(SAMPLES),--samples "$$SAMPLES")

walk-check: .venv-local/installed tests/node_modules/installed ## Load all that a walk saved, and compare (SUB=its user)
	@.venv-local/bin/python -m local.walk check --url http://127.0.0.1:$(PORT) --sub "$$SUB" \
	  $(if $(SAMPLES),--samples "$$SAMPLES")

# Each one's output in one piece where make can do that, and all of them even if one finds something.
SIDE_BY_SIDE = $(MAKE) --no-print-directory --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync)

# The longest first, four at a time: those that start a local stack, each one of its own, often wait for it.
TESTS := test-page test-functions test-waits test-stack test-rest test-contract test-client
.PHONY: $(TESTS)
test: check browser tests/node_modules/installed ## Check and test everything
	@echo "Running the tests, those of the running stack beside the others; what each prints comes when it is through …"
	+@$(SIDE_BY_SIDE) --jobs 4 $(TESTS)

test-stack:
	.venv/bin/pytest tests/stack -m "not waits"

test-waits:
	.venv/bin/pytest tests/stack -m waits

test-client:
	cd web && node --test --test-timeout=20000 client/tests/*.test.js app/tests/*.test.js

test-contract:
	.venv/bin/pytest tests/contract

test-functions:
	.venv/bin/pytest tests/functions

# What stands in no folder that is named here is not forgotten.
test-rest:
	.venv/bin/pytest $(foreach folder,contract functions stack web,--ignore tests/$(folder))

coverage: .venv/installed tests/node_modules/installed ## Say which branches of shared/ and functions/ no test runs
	@PYTHONPATH=shared:tests .venv/bin/python -m prove.branches

test-page:
	.venv/bin/pytest tests/web

test-web: install browser tests/node_modules/installed ## Only the page, in a real browser
	@$(MAKE) --no-print-directory test-page

test-quick: check tests/node_modules/installed ## The same without the tests that start the local stack
	+@$(SIDE_BY_SIDE) --jobs 2 test-functions test-rest test-contract

CHECKS := check-format check-lint check-types check-types-local check-types-client check-template
.PHONY: $(CHECKS)
check: install ## Check formatting, style, types and the template
	+@$(SIDE_BY_SIDE) --jobs 4 $(CHECKS)

check-format:
	.venv/bin/ruff format --check .

check-lint:
	.venv/bin/ruff check .

check-types:
	.venv/bin/mypy shared functions tests benchmarks

check-types-local:
	.venv/bin/mypy --cache-dir .mypy_cache/local --python-executable .venv-local/bin/python local

check-types-client:
	cd web/client && node_modules/.bin/tsc

check-template:
	.venv-local/bin/python -m local.build --validate

prove: install browser tests/node_modules/installed ## Run the long checks too, and write what came of it into docs/testing.md (PART=name)
	@PYTHONPATH=shared:tests .venv/bin/python -m prove.run $(addprefix --part ,$(PART))

load: install ## Drive loads and saves from 1, 8 and 32 clients for a minute each (URL=a running stack, SECONDS_EACH=60)
	@PYTHONPATH=shared:tests .venv/bin/python -m benchmarks.load $(if $(URL),--url "$$URL") --seconds $(SECONDS_EACH)

# What Dashkeep is compared with: boto3 alone, which is the floor, and frameworks, in environments of their own.
PEERS := boto3 chalice fastapi flask powertools
BENCH := PYTHONPATH=shared:tests:functions/get_config:functions/put_config:functions/projects .venv/bin/python -m benchmarks
.PHONY: valgrind
bench: install valgrind tests/node_modules/installed $(PEERS:%=.venv-benchmark-%/installed) service-contenders ## Measure everything and write docs/performance.md (PARTS="warm price": some, and no page)
	@$(BENCH) $(PARTS)

bench-apart: install valgrind tests/node_modules/installed .venv-benchmark-csv_readers/installed ## Measure what single decisions rest on: transports, CSV readers, checks of texts, 100 MB through the stack
	@PYTHONPATH=shared .venv-benchmark-csv_readers/bin/python -m benchmarks.csv_readers
	@PYTHONPATH=shared:tests .venv/bin/python -m benchmarks.transport
	@PYTHONPATH=shared:tests .venv/bin/python -m benchmarks.unsafe_text
	@PYTHONPATH=shared:tests .venv/bin/python -m benchmarks.large_upload

.venv-benchmark-csv_readers/installed: benchmarks/requirements/csv_readers.txt | python .venv/uv/installed
	@echo "Installing the readers that are compared …" >&2
	@$(call create_environment,.venv-benchmark-csv_readers,$<)

.venv-benchmark-%/installed: benchmarks/requirements/%.txt benchmarks/layer.py | python .venv/uv/installed
	@echo "Installing $* to compare with …" >&2
	@$(PYTHON) -m venv --clear .venv-benchmark-$*
	@.venv/uv/bin/uv pip sync --quiet --require-hashes --python .venv-benchmark-$* $< >&2
	@$(PYTHON) -m benchmarks.layer .venv-benchmark-$*
	@touch $@

# Debian's package needs no root where it is only unpacked, and nothing else of it is needed to count.
valgrind:
	@command -v valgrind >/dev/null || test -x .valgrind/usr/bin/valgrind || { \
	  command -v apt-get >/dev/null && echo "Unpacking valgrind into .valgrind …" >&2 && \
	  mkdir -p .valgrind && cd .valgrind && apt-get download -qq valgrind >&2 && dpkg -x valgrind_*.deb .; } || { \
	  echo "valgrind is needed, to count instructions: install it (apt install valgrind, dnf install valgrind)." >&2; exit 1; }

# Made of what the modules are now, so a run after a change needs nothing else.
MUTATED := $(addprefix shared/dashboard_store/,documents/merge.py preconditions.py identifiers.py retry.py) \
  $(wildcard shared/dashboard_store/repository/*.py shared/dashboard_store/dynamodb/*.py)
mutate: .venv-mutation/installed .venv/installed local/node_modules/installed ## Change the code in one place after another, and see that a test fails (15 minutes; ONLY=merge)
	@echo "Making the mutants; testing them takes about 15 minutes on two cores, ONLY=merge less …" >&2
	@PYTHONPATH=tests .venv-mutation/bin/python -m mutation.make $(MUTATED) > .venv-mutation/mutants.jsonl
	@PYTHONPATH=shared:tests .venv/bin/python -m mutation.run .venv-mutation/mutants.jsonl --only "$$ONLY"

.venv-mutation/installed: requirements/mutation.txt | python .venv/uv/installed
	@echo "Installing what makes mutants into .venv-mutation …" >&2
	@$(call create_environment,.venv-mutation,requirements/mutation.txt)

# The service process beside what else could keep a dashboard; each environment of its own, for none is deployed.
SERVICE := benchmarks/service/npm
service-contenders: .venv-benchmark-runtime/installed .venv-benchmark-service/installed $(SERVICE)/next/.next/BUILD_ID

.PHONY: service-contenders

.venv-benchmark-runtime/installed: benchmarks/requirements/lambda_runtime.txt | python .venv/uv/installed
	@echo "Installing Lambda's runtime into .venv-benchmark-runtime …" >&2
	@$(call create_environment,.venv-benchmark-runtime,$<)

.venv-benchmark-service/installed: benchmarks/requirements/service_peers.txt | python .venv/uv/installed
	@echo "Installing the services that are compared with into .venv-benchmark-service …" >&2
	@$(call create_environment,.venv-benchmark-service,$<)

# Prisma would download an engine for migrations, which making a client does not use: any program in its place will do.
$(SERVICE)/next/.next/BUILD_ID: $(SERVICE)/node_modules/installed $(shell find $(SERVICE)/next -name '*.js' -not -path '*/.next/*') $(SERVICE)/next/schema.prisma
	@echo "Building the Next.js application that is compared with …" >&2
	@cd $(SERVICE) && PRISMA_SCHEMA_ENGINE_BINARY="$(CURDIR)/.venv/bin/python" CHECKPOINT_DISABLE=1 NEXT_TELEMETRY_DISABLED=1 \
	  npm run --silent build >&2
	@touch $@

audit: .venv-audit/installed ## Ask for known vulnerabilities of what is deployed and of what builds it
	@.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes \
	  -r shared/requirements.txt -r requirements/dev.txt -r requirements/local.txt

.venv-audit/installed: requirements/audit.txt | python .venv/uv/installed
	@$(call create_environment,.venv-audit,requirements/audit.txt)

events: .venv/installed ## Write events/ from the rows in tests/events/
	@PYTHONPATH=shared:tests .venv/bin/python -m support.handlers.events

format: .venv/installed ## Format the code and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean: ## Remove all that was installed, built and saved here, the local stack's data included
	@if ps -p "$$(cat .local/lock 2>/dev/null || echo 0)" -o args= 2>/dev/null | grep -q 'local\.stack run'; then \
	  echo "The local stack runs on the data in .local: stop it first (Ctrl-C)." >&2; exit 1; fi
	rm -rf .venv .venv-local .venv-benchmark* .venv-mutation .venv-audit .valgrind .aws-sam .local .benchmark */node_modules web/client/node_modules
	rm -rf $(SERVICE)/node_modules $(SERVICE)/next/.next
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .prove
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
