# Each target sets up what it needs: a bare clone, Python 3.11 or later and make suffice.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test lint types check clean

setup: $(STAMP)

$(STAMP): pyproject.toml Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[plot,download,interactive]" \
		--group test --group lint --group benchmarks
	touch $@

demo: setup
	$(BIN)/python -m benchmarks.lesson

test: lint types check

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

check: setup
	MPLBACKEND=Agg $(BIN)/python -m pytest --cov=skembed --cov-report=term

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
