# make run | demo | test | check | format | bench | pictures | lock | release-check: see CONTRIBUTING.md
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run demo test check format bench pictures lock release-check clean

run: .venv/ready
	$(BIN)/rootver lab --or-run

demo: .venv/ready
	$(BIN)/rootver demo

# What decides about a change to a server is run whole by tests of its own (pyproject.toml, [tool.coverage]). Only these
# are traced: a traced Python 3.11 runs at half its speed.
DECIDING := tests/handlers/fix tests/handlers/kb906154 tests/handlers/test_approval.py

test: .venv/ready
	$(BIN)/pytest $(DECIDING:%=--ignore=%)
	$(BIN)/pytest --cov= $(DECIDING)

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/ready
	$(BIN)/python -m tests.bench

# The README's pictures, taken from the practice page in Chromium.
pictures: .venv/ready
	$(BIN)/python -m tests.browser.pictures

# Exact versions and hashes of all that is installed; needs uv (`pip install uv`).
lock:
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements.lock pyproject.toml -o requirements-run.lock

# Version and changelog, locked versions, what is in the wheel, links: a sentence for each thing to repair.
release-check: .venv/ready
	$(BIN)/python -m tests.release

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rootver-bot needs Python 3.11 or newer; $(PYTHON) is older or not there. Name another one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module. On Debian and Ubuntu: apt-get install python3-venv, then again."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info
