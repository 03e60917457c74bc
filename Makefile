# PhysioHub: `make demo` shows it, `make test` checks it, `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint docs lock bench wheel clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(INSTALLED)  ## Install PhysioHub and the pinned dependencies in .venv

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "PhysioHub needs Python 3.11 or later, and '$(PYTHON)' was not found. Install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PhysioHub needs Python 3.11 or later; '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1). Name a newer one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the pinned dependencies in $(VENV) (a minute or two, the first time)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## Analyse the bundled review
	$(BIN)/physiohub demo

test: lint  ## Lint, check the types, run every test and doctest
	$(BIN)/python -m pytest

lint: setup  ## Ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup  ## Build the documentation in docs/_build
	$(BIN)/python -m sphinx -W --keep-going -E -q -b html docs docs/_build
	@echo "Open docs/_build/index.html in a browser."

lock: setup  ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --output-file requirements.lock --upgrade --quiet \
	  --universal --python-version 3.11 --fork-strategy fewest \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

bench: setup  ## Measure the times that docs/ states
	$(BIN)/python benchmarks/run.py

wheel: setup  ## Build the wheel in dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

clean:  ## Remove what was built, and the caches; .venv stays
	rm -rf dist build docs/_build docs/_made .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
