# koopmark: every target sets up .venv first; a second call re-installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-peers
SPEED := -p no:xdist --quiet --benchmark-columns=min,median,iqr,rounds
SUITE ?= standard
# What `make regress` compares the speed with; empty: the commit that made the baseline.
export BASE ?=

# One BLAS thread: the same numbers and comparable times everywhere.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: help setup bench test test-fast test-kernels speed regress speed-peers lint format example notebooks catalogue baseline lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1|/' | column -t -s '|'

setup: $(READY)  ## create .venv with everything in it

# An installation that was interrupted has no $(READY) and starts over; pip's cache makes that quick.
$(READY): requirements.txt requirements-nodeps.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "koopmark needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $@
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-nodeps.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

bench: $(READY)  ## run a suite and write its report: make bench [SUITE=smoke]
	$(BIN)/koopmark run $(SUITE)

test: $(READY)  ## all tests
	$(BIN)/pytest -n auto --dist worksteal

test-fast: $(READY)  ## the tests without those marked slow
	$(BIN)/pytest -n auto --dist worksteal -m "not slow"

test-kernels: $(READY)  ## the tests that touch numbers under the BLAS and NumPy kernels of other processors
	$(BIN)/python bench/ci/processors.py

speed: $(READY)  ## time the core with pytest-benchmark
	@mkdir -p reports/speed
	$(BIN)/pytest bench/speed $(SPEED) --benchmark-json=reports/speed/benchmark.json

speed-peers: $(PEERS)/.ready  ## the same beside numba, torchdiffeq, diffrax, deeptime, kooplearn, pykoop
	$(PEERS)/bin/pytest bench/speed $(SPEED)

$(PEERS)/.ready: requirements-peers.txt requirements.txt requirements-nodeps.txt pyproject.toml
	@test -e $@ || $(PYTHON) -m venv --clear $(PEERS)
	@rm -f $@
	$(PEERS)/bin/python -m pip install --quiet --requirement requirements.txt --requirement requirements-peers.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --requirement requirements-nodeps.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

regress: $(READY)  ## accuracy against the committed baseline, speed against [BASE=its commit]
	$(BIN)/koopmark run smoke
	$(BIN)/koopmark check reports/smoke --against reports/baseline
	$(BIN)/python bench/speed/regress.py

lint: $(READY)  ## style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## rewrite files in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

example: $(READY)  ## the three-population example: pictures and numbers
	$(BIN)/koopmark example

catalogue: $(READY)  ## draw every dataset, and write datasets/README.md anew
	$(BIN)/koopmark catalogue --markdown datasets/README.md
	$(BIN)/koopmark catalogue

notebooks: $(READY)  ## execute the notebooks of docs/examples anew and keep their outputs
	$(BIN)/python docs/examples/execute.py

baseline: $(READY)  ## promote a fresh run of the smoke suite to the committed baseline
	$(BIN)/koopmark run smoke --fresh
	$(BIN)/python bench/speed/regress.py --ratios
	$(BIN)/koopmark baseline reports/smoke --speed reports/speed/core.json

lock: $(READY)  ## resolve requirements.txt anew (torch stays where a CPU-sized build is known to exist)
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --upgrade-package torch==2.13.0 \
	  --extra dev --extra dask --extra hdf5 --extra history --extra pykoopman --extra deeptime --extra kooplearn --extra pykoop --output-file requirements.tmp pyproject.toml
	grep -v '^#' requirements.tmp | sed -e 's/+cpu//' -e '/^$$/d' > requirements.txt
	rm requirements.tmp

clean:  ## remove what is generated, .venv too
	rm -rf $(VENV) $(PEERS) datasets/.cache .pytest_cache .mypy_cache .ruff_cache .benchmarks
	find reports -mindepth 1 -maxdepth 1 ! -name baseline -exec rm -rf {} +
