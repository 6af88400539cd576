# The commands that people and CI share. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
# Use the machine's uv if it runs (a version manager's shim may exist and fail), or else our own.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
PYTHON := .venv/bin/python
STAGE ?= dev
PACKS := $(wildcard packs/*.yaml)
# The folders count too: a file that is removed or renamed changes its folder.
PAGES := $(shell find functions/console/console/page local/phones -name '*.js' -o -type d)
# The source roots: the layer's folder, and the folder of each function. A path file in .venv makes them importable.
ROOTS := shared $(wildcard functions/*)
export UV SAM_CLI_TELEMETRY := 0
# Keep compiled modules and rewritten tests, even if the environment turns that off. Then processes start faster.
export UV_COMPILE_BYTECODE := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: .venv/.synced .envs/emulator/.synced .envs/sam/.synced .tools/.engine client/node_modules/.installed ## install everything that this machine lacks

.tools/bin/uv:
	@echo "Installing uv $(UV_VERSION) into .tools"
	@python3 -m venv .tools && .tools/bin/pip install --quiet --quiet --disable-pip-version-check uv==$(UV_VERSION)

# A missing system tool is no error here. Whatever needs the tool reports that it is missing.
.tools/.engine: local/dynamodb_local.py local/system.sh .venv/.synced
	@bash local/system.sh
	@$(PYTHON) -m local.dynamodb_local || true
	@mkdir -p .tools && touch $@

.venv/.synced: pyproject.toml uv.lock $(filter .tools/bin/uv,$(UV))
	@echo "Syncing .venv"
	@$(UV) sync --quiet --locked --only-group dev
	@printf '%s\n' $(addprefix $(CURDIR)/,$(ROOTS)) > .venv/lib/python3.13/site-packages/rekindle.pth
	@touch $@

# If this fails, only `make contract` fails later. No other command needs these packages.
client/node_modules/.installed: client/package.json client/package-lock.json client/.npmrc .tools/.engine
	@echo "Installing client/node_modules"
	@{ cd client && npm ci --silent && touch node_modules/.installed; } || echo "Could not install client/node_modules" >&2

.envs/%/.synced: pyproject.toml uv.lock $(filter .tools/bin/uv,$(UV))
	@echo "Syncing .envs/$*"
	@UV_PROJECT_ENVIRONMENT=.envs/$* $(UV) sync --quiet --locked --only-group $* && touch $@

.PHONY: run reload watch logs tick redrive restore-erasures set-ends reseal reset
run: setup ## start the local stack; Ctrl-C ends it and keeps its data
	@$(PYTHON) -m local up
reload: .venv/.synced ## run changed code on the running stack, in about a second
	@$(PYTHON) -m local reload
watch: .venv/.synced ## reload after each change, until Ctrl-C
	@$(PYTHON) -m local reload --watch
logs: .venv/.synced ## follow the logs of the running stack's functions
	@$(PYTHON) -m local logs
tick: .venv/.synced ## send the reminders of the next five minutes now
	@$(PYTHON) -m local tick
redrive: .venv/.synced ## retry pushes that failed; LIST=1 only lists them, STAGE=prod is for AWS
	@$(PYTHON) -m local.redrive $(if $(filter command line,$(origin STAGE)),rekindle-$(STAGE)) $(if $(LIST),--list)
restore-erasures: .venv/.synced ## after a restore, erase everybody again who had erased their account; STAGE=prod is for AWS
	@$(PYTHON) -m local.restore_erasures $(if $(filter command line,$(origin STAGE)),rekindle-$(STAGE)) $(if $(TABLE),--table $(TABLE))
set-ends: .venv/.synced ## give an end to rows of version 0.1.0, and delete what is left of couples; STAGE=prod is for AWS
	@$(PYTHON) -m local.set_ends $(if $(filter command line,$(origin STAGE)),rekindle-$(STAGE)) $(if $(JSON),--json)
reseal: .venv/.synced ## seal the texts of version 0.1.0 again; STAGE=prod is for AWS, JSON=1 prints JSON
	@$(PYTHON) -m local.reseal $(if $(filter command line,$(origin STAGE)),rekindle-$(STAGE)) $(if $(JSON),--json)
reset: .venv/.synced ## delete the local stack's data
	@$(PYTHON) -m local reset

.PHONY: demo bench simulate
demo: setup ## play and check a couple's first ten dates, on a stack of its own
	@$(PYTHON) -m local demo
bench: setup ## measure requests, capacity units and round trips of every call and worker, and the push gateway's speed
	@$(PYTHON) -m bench
simulate: .venv/.synced ## simulate two days of two million persons, check who gets each reminder, and print the costs; PERSONS=20000 for fewer
	@$(PYTHON) -m bench.simulate $(if $(PERSONS),--persons $(PERSONS)) $(if $(CHANGE),--change $(CHANGE))

.PHONY: check lint types contract unit pack-lint test calendar stateful races fuzz planted
check: setup ## lint, types, contract, pack-lint and unit, in under a minute
	@$(MAKE) --no-print-directory -j 2 --output-sync=target unit lint types pack-lint contract PROFILE=check
lint: setup .envs/sam/.linted ## check style, import contracts, dead code, the template, and breaking changes of the API
	@.venv/bin/ruff check && .venv/bin/ruff format --check
	@.venv/bin/lint-imports
	@.venv/bin/vulture bench cli functions local shared
	@.venv/bin/vulture bench cli functions local shared testing tests
	@$(PYTHON) -m local.breaking
# The two slowest checks, this one and `contract`, run again only if a file that they read has changed.
.envs/sam/.linted: template.yaml .cfnlintrc .envs/sam/.synced
	@touch $@.begun && .envs/sam/bin/cfn-lint && mv $@.begun $@
types: setup ## check types with mypy
	@.venv/bin/mypy
contract: client/node_modules/.checked ## lint both API documents, and type-check the console and the two phones against them
client/node_modules/.checked: docs/openapi.json docs/openapi-practice.json $(PAGES) $(wildcard client/*.* client/.*rc* client/.*.yaml) client/node_modules/.installed
	@touch $@.begun && (cd client && npm run --silent check) && mv $@.begun $@
unit: setup ## test the rules, the routes on a table in memory, and the tools
	@.venv/bin/pytest -q -n auto $(if $(filter command line,$(origin PROFILE)),--hypothesis-profile=$(PROFILE)) tests/domain tests/routes tests/tools bench/tests/test_bill.py bench/tests/test_gateway.py
pack-lint: .venv/.synced ## check the prompt packs: print what must be fixed, and advice
	@./rekindle packs lint $(PACKS)
test: lint types pack-lint contract ## run all checks and tests, also those of engines, artifacts and the local stack
	@REKINDLE_STATEFUL_STEPS=2000 .venv/bin/pytest -n 2 --dist loadfile
calendar: setup ## test every slot of every zone around each change of its clocks, in one or two minutes
	@.venv/bin/pytest -q tests/calendar
	@$(PYTHON) -m tests.calendar
races: setup ## let requests race on a real database, 500 times for each kind; RACES=100 for fewer (at least 20)
	@REKINDLE_RACES=$(or $(RACES),500) .venv/bin/pytest -q -n 2 --dist loadfile tests/engine/test_races.py tests/engine/test_erasure_races.py tests/engine/test_empty_slots.py
stateful: setup ## compare 30,000 random steps of two couples and a stranger with a simple model; STEPS=2000 for fewer
	@REKINDLE_STATEFUL_STEPS=$(or $(STEPS),30000) .venv/bin/pytest -q tests/routes/test_stateful.py
fuzz: setup ## send 1,000 random requests, messages and events of each kind to the functions; EXAMPLES=100 for fewer
	@REKINDLE_FUZZ_EXAMPLES=$(or $(EXAMPLES),1000) .venv/bin/pytest -q -n 2 --timeout=0 tests/fuzz tests/domain/test_markup.py

planted: setup ## plant a bug for each invariant in a copy, and show that the tests catch it; ONLY="I4 I7" for some
	@$(PYTHON) -m tests.planted $(ONLY)

.PHONY: sbom advisories wheels
sbom: setup ## write a bill of materials (CycloneDX) for each artifact, and the list of licences
	@$(PYTHON) -m local.sbom
advisories: .venv/.synced ## look for known vulnerabilities in everything that is pinned
	@$(PYTHON) -m local.advisories
wheels: .envs/sam/.synced .venv/.synced ## download the wheels of all artifacts for both architectures, with checked hashes
	@$(PYTHON) -m local.deploy.wheels

.PHONY: format lock openapi release-api build deploy publish
format: .venv/.synced ## format the code
	@.venv/bin/ruff check --fix && .venv/bin/ruff format
lock: $(filter .tools/bin/uv,$(UV)) ## resolve all dependencies again, and write the requirements of each artifact
	@$(UV) lock
	@$(UV) export --quiet --locked --only-group runtime --no-emit-project --no-annotate -o shared/requirements.txt
	@$(UV) export --quiet --locked --only-group phones --no-emit-project --no-annotate -o functions/couples_api/requirements.txt
	@$(UV) export --quiet --locked --only-group phones --no-emit-project --no-annotate -o functions/privacy/requirements.txt
	@$(UV) export --quiet --locked --only-group vault --no-emit-project --no-annotate -o functions/reseal/requirements.txt
	@$(UV) export --quiet --locked --only-group practice --no-emit-project --no-annotate -o functions/practice_api/requirements.txt
	@$(UV) export --quiet --locked --only-group push --no-emit-project --no-annotate -o functions/delivery/requirements.txt
	@$(UV) export --quiet --locked --only-group accounts --no-emit-project --no-annotate -o functions/accounts/requirements.txt
openapi: .venv/.synced client/node_modules/.installed ## generate the OpenAPI documents from the handlers, and the pages' types from the documents
	@$(PYTHON) -m local.openapi
	@cd client && npm run --silent generate
release-api: .venv/.synced ## make the present API documents the released ones, with which later changes are compared
	@$(PYTHON) -m local.breaking --release
build: setup ## sam build for a stage, from checked wheels, with compiled bytecode and SBOMs: make build STAGE=prod
	@PATH=$(CURDIR)/.envs/sam/bin:$$PATH $(PYTHON) -m local.deploy.wheels sam build --config-env $(STAGE) --build-dir .aws-sam/$(STAGE)
	@$(PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash .aws-sam/$(STAGE)
	@$(PYTHON) -m local.sbom --into .aws-sam/$(STAGE)
deploy: setup ## build and deploy to AWS: make deploy STAGE=prod [ARGS=--no-execute-changeset] [CONFIG=samconfig.toml]
	@$(PYTHON) -m local.deploy.cloud $(STAGE) --config $(or $(CONFIG),samconfig.toml) --check
	@$(MAKE) --no-print-directory build STAGE=$(STAGE)
	@$(PYTHON) -m local.deploy.cloud $(STAGE) --config $(or $(CONFIG),samconfig.toml) $(ARGS)
publish: .venv/.synced ## publish the packs in packs/ where you are signed in: make publish STAGE=prod [ARGS="--yes --no-announce"]
	@./rekindle packs publish $(PACKS) --stack $(STAGE) $(ARGS)
