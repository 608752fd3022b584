# make [run | demo | test | test-kerberos | image | image-test | sbom | check | format | bench | pictures | docs | lock |
# release-check]: see CONTRIBUTING.md
PYTHON ?= python3
BIN := .venv/bin

.PHONY: ready run demo test test-kerberos image image-test sbom check format bench pictures docs lock release-check clean

# `make` alone: everything is there, and how to reach it.
ready: .venv/ready
	@echo "rootver is ready. Once in each terminal:  . $(BIN)/activate"
	@echo "Then:  rootver lab  (practise),  rootver --help  (all commands)"

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

# The tests with a KDC of their own: Debian's krb5-kdc, krb5-admin-server, krb5-user, libkrb5-dev and gcc. Kerberos's
# packages are built into a folder of their own, for these tests alone: 70 s of a processor, once.
test-kerberos: .venv/ready build/kerberos/ready
	PYTHONPATH=build/kerberos $(BIN)/pytest -n 2 tests/handlers/psrp/test_kerberos.py

build/kerberos/ready: requirements-kerberos.lock | .venv/ready
	CFLAGS=-O0 $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target build/kerberos -r requirements-kerberos.lock
	@touch $@

# The container's image, which says the commit of this checkout.
image:
	docker build --build-arg SOURCE_COMMIT="$$(git describe --always --dirty --abbrev=12 --exclude='*')" -t rootver .

# Builds and runs the image for minutes, with the Docker engine that answers. Where none does, root starts one for
# itself alone, with Debian in the place of the base image: Debian's docker.io and mmdebstrap, and 1 GB of memory.
image-test: .venv/ready
	$(BIN)/pytest -n 0 -m image tests/image

# What the image installs of Python, as CycloneDX.
sbom: .venv/ready
	@mkdir -p build
	$(BIN)/python -m tests.sbom > build/rootver-bot.cdx.json
	@echo "build/rootver-bot.cdx.json"

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

# The pages as a site in build/site; any link or anchor that leads nowhere fails. Its packages are in a folder of their
# own. NO_MKDOCS_2_WARNING: an advertisement that material prints (docs/dependencies.md says what it is about).
docs: build/docs-venv/ready
	rm -rf build/docs-source && mkdir -p build/docs-source/handlers/powershell
	cp -r README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE Dockerfile docs build/docs-source
	cp -r handlers/powershell/contract build/docs-source/handlers/powershell
	NO_MKDOCS_2_WARNING=1 build/docs-venv/bin/mkdocs build --quiet
	@echo "build/site/index.html"

build/docs-venv/ready: requirements-docs.lock
	$(PYTHON) -m venv build/docs-venv
	build/docs-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

# Exact versions and hashes of all that is installed; needs uv (`pip install uv`). Cython: the version that gssapi and
# krb5 ask for; with another one the image does not build.
lock:
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements.lock pyproject.toml -o requirements-run.lock
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"], sep="\n")' | uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url - -o requirements-docs.lock
	printf 'cython==3.3.0\nsetuptools\n' | uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements.lock - -o requirements-build.lock
	printf 'gssapi\nkrb5\n' | uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url - -o requirements-kerberos.lock

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
