# Icelos. `make run` starts the console, `make test` runs the tests; both install what they need first.

PYTHON ?= python3
VENV   ?= .venv
WORKERS ?= 2
BIN    := $(VENV)/bin
INSTALL = $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run test test-slow check format bench docs lock clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.run  ## Install, index the bundled knowledge on first use, start the console
	@$(BIN)/icelos serve

test: $(VENV)/.dev  ## Run the tests in two processes (WORKERS=n): offline, under 5 minutes on 2 cores
	@$(BIN)/pytest -m "not slow" -n $(WORKERS) --dist loadfile

test-slow: $(VENV)/.dev  ## Run the tests that take longer
	@$(BIN)/pytest -m slow

check: $(VENV)/.dev  ## Format, lint, types, layers, lock files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev  ## Format the code and mend what lint can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## Measure speed, as ratios against a peer in the same run
	@for name in versions parse indexing retrieval llm_door llm_embedded; do \
		echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

docs: $(VENV)/.dev  ## Build the manual into docs/_build
	@$(BIN)/python docs/reference.py
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

lock:  ## Resolve the dependencies again and write the lock files (needs uv)
	@UPGRADE=$(UPGRADE) $(PYTHON) requirements/lock.py

clean:  ## Remove the environment and everything built
	@rm -rf $(VENV) dist build docs/_build .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Icelos needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV)

# PyTorch: the CPU build where pip is offered one, else the index's own. TORCH=gpu takes the index's own at once.
$(VENV)/.run: requirements/run.lock requirements/torch-cpu.lock requirements/torch.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV) (once) ..."
	@$(INSTALL) -r requirements/run.lock
	@{ [ "$(TORCH)" != gpu ] && $(INSTALL) -r requirements/torch-cpu.lock 2>/dev/null; } || \
		{ echo "No CPU-only PyTorch on offer: installing the index's build ..." && $(INSTALL) -r requirements/torch.lock; }
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.lock
	@echo "Installing what tests, checks and docs need ..."
	@$(INSTALL) -r requirements/dev.lock
	@touch $@
