# Kho: each target does its own set-up. PORT=8000 and KHO_* variables change what they change.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
PORT ?= 8000
BIN := .venv/bin

.PHONY: run test lint bench soak format clean

run: .venv/run web/node_modules/.ready
	$(BIN)/kho demo --if-empty
	$(BIN)/kho serve --port $(PORT)

test: .venv/dev web/node_modules/.ready
	tools/tests-need
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

lint: .venv/dev
	$(BIN)/ruff format --check repo_server tests bench
	$(BIN)/ruff check repo_server tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

# The long campaigns: what `make test` tries a few times, many times.
soak: .venv/dev web/node_modules/.ready
	$(BIN)/pytest -m soak $(ARGS)

bench: .venv/dev web/node_modules/.ready
	$(BIN)/python -m bench $(ARGS)

format: .venv/dev
	$(BIN)/ruff format repo_server tests bench
	$(BIN)/ruff check --fix repo_server tests bench

clean:
	rm -rf .venv web/node_modules build dist *.egg-info

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Kho needs Python 3.11 or newer with venv: apt-get install python3 python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# What `kho` needs to run.
.venv/run: requirements.lock pyproject.toml tools/libmagic | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	tools/libmagic $(BIN)/python
	@touch $@

# What tests, lint and benchmarks need beside it.
.venv/dev: requirements-dev.lock .venv/run
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	tools/libmagic $(BIN)/python
	@touch $@

web/node_modules/.ready: web/package.json web/package-lock.json tools/front-end | .venv/bin/python
	tools/front-end $(BIN)/python
	@touch $@
