# Two commands are all there is to know: `make run` cleans sample_data, `make test` checks everything.
# Both make the environment themselves; all they need is Python 3.11 to 3.13 and the package registry.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
LABELSTUDIO := .venv-labelstudio
WORKSPACE := workspace
RECIPE := sample_data/recipe.toml
# What scripts pass on: make run ARGS="--direct --workers 2"
ARGS :=

.DEFAULT_GOAL := run
.PHONY: run test lint compile labelstudio lock clean

run: $(VENV)/.runs
	@$(BIN)/qingyuan run $(RECIPE) --workspace $(WORKSPACE) $(ARGS)

test: $(VENV)/.tests $(LABELSTUDIO)/.made
	@$(MAKE) --no-print-directory --jobs 2 lint compile
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.tests
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

# One run of the sample compiles every kernel once, beside the linters; the test processes would each do it for themselves.
compile: $(VENV)/.tests
	@folder=$$(mktemp -d) && trap 'rm -rf $$folder' EXIT && $(BIN)/python -m flows.cli run sample_data/recipe.toml \
	  --workspace $$folder --direct --quiet --json > /dev/null

# The first interpreter that is new enough and not too new; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11, 3.12 or 3.13 found; install one, or say make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# --no-deps: the lock names everything, and pip's resolver is not asked (it trips over extras such as sqlalchemy[asyncio]).
$(VENV)/.runs: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what a run needs (once, one to three minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.tests: requirements-dev.lock $(VENV)/.runs
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

labelstudio: $(LABELSTUDIO)/.made

# Label Studio pins versions that Qingyuan cannot live with, so it has an environment of its own. 160 packages: uv installs
# them in half a minute where pip takes two to four, and is installed by its hash from the same lock; pip is the fallback.
$(LABELSTUDIO)/.made: requirements-labelstudio.lock | $(BIN)/python
	@echo "Installing Label Studio for annotation (once, about a minute) ..."
	@[ -x $(LABELSTUDIO)/bin/python ] || $(BIN)/python -m venv $(LABELSTUDIO)
	@sed -n '/^uv==/,/[^\\]$$/p' $< > $(LABELSTUDIO)/uv.lock
	@$(LABELSTUDIO)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(LABELSTUDIO)/uv.lock
	@$(LABELSTUDIO)/bin/uv pip install --quiet --compile-bytecode --python $(LABELSTUDIO)/bin/python --no-deps --require-hashes -r $< || \
	  $(LABELSTUDIO)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# Versions and hashes for every supported Python and platform, and no address of any registry.
lock:
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate -o requirements-dev.lock
	printf 'label-studio==1.23.2\nuv\n' | $(BIN)/uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate -o requirements-labelstudio.lock

clean:
	rm -rf $(VENV) $(LABELSTUDIO) $(WORKSPACE)
