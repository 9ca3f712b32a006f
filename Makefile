# Each target sets up what it needs: a bare clone, Python 3.11 or later and make suffice.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

TESTS := MPLBACKEND=Agg $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile
DOCS := docs/_build/html
PORT ?= 8000

.PHONY: setup demo test lint types check coverage faults docs docs-serve clean

setup: $(STAMP)

$(STAMP): pyproject.toml Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[plot,download,interactive,onnx]" \
		--group test --group lint --group benchmarks
	touch $@

# The documentation needs more; what is there already is left as it is.
.venv/.docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

demo: setup
	$(BIN)/python -m benchmarks.lesson

test: lint types check

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: setup
	$(BIN)/mypy

check: setup
	$(TESTS)

# Counting the lines makes the tests take half as long again.
coverage: setup
	$(TESTS) --cov=skembed --cov-report=term

# Damaged files, killed fits and hostile input, in processes of their own: about half an hour.
faults: setup
	$(BIN)/python -m benchmarks.faults

# Needs no network once it is set up. Warnings, and links that lead nowhere, are errors.
# Pages and figures are made anew, the examples that have changed are run: `make clean` for all.
docs: .venv/.docs
	rm -rf docs/_build docs/api
	$(BIN)/python -m sphinx -b html -W --keep-going -n docs $(DOCS)
	$(BIN)/python docs/links.py $(DOCS)

docs-serve:
	test -f $(DOCS)/index.html || $(MAKE) docs
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(DOCS) $(PORT)

clean:
	rm -rf docs/_build docs/api docs/gallery docs/sg_execution_times.rst
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
