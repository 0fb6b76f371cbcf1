# make setup   everything a fresh machine needs: .venv, the JARs, the companion, the class-data archive
# make demo    setup, then the sample pipeline from landing to report
# make test    setup, then lint, types and tests
# make test-long   setup, then the tests that take longest; CI runs both
# make clean   removes what the above made inside this folder

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.ready

.PHONY: setup demo test test-long lint clean

setup: $(STAMP)

# One at a time: a second make waits for the first, finds the stamp and does nothing. The folder is the lock, since
# mkdir is atomic everywhere; it holds the process that made it, so that a lock of a dead one is broken.
$(STAMP): pyproject.toml requirements.lock Makefile $(wildcard ldp_jupyter/spark/companion/*.scala)
	@sh .ci/setup "$(PYTHON)" "$(VENV)" "$(STAMP)"

demo: setup
	@$(BIN)/python -m ldp_jupyter.demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -q -n 2 tests/unit
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not long" tests --ignore=tests/unit

test-long: setup
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m long tests --ignore=tests/unit

clean:
	rm -rf $(VENV) .ldp demo-output build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
