# Each target sets up what it needs: a bare clone, Python 3.11 or later and make suffice.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

PYTEST := MPLBACKEND=Agg $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile
EXTRAS := plot,download,interactive,onnx,dask
DOCS := docs/_build/html
PORT ?= 8000

.PHONY: setup demo test lint types check coverage faults docs docs-serve dist test-dist \
	test-lowest test-python clean

setup: $(STAMP)

.venv/.created:
	@echo "Making an environment in .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(STAMP): pyproject.toml Makefile | .venv/.created
	@echo "Installing skembed and all tools of development"
	@$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]" \
		--group test --group lint --group benchmarks
	@touch $@

# The documentation needs more; what is there already is left as it is.
.venv/.docs: $(STAMP)
	@echo "Installing what the documentation needs"
	@$(BIN)/python -m pip install --quiet --group docs
	@touch $@

# The demo needs less.
.venv/.demo: pyproject.toml | .venv/.created
	@test -e $(STAMP) || { echo "Installing skembed, TensorFlow and matplotlib (a few minutes)"; \
		$(BIN)/python -m pip install --quiet --editable ".[plot]" --group benchmarks; }
	@touch $@

demo: .venv/.demo
	$(BIN)/python -m benchmarks.lesson

test: lint types check

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-cache

types: setup
	$(BIN)/mypy

check: setup
	$(PYTEST)

# Counting the lines makes the tests take half as long again.
coverage: setup
	$(PYTEST) --cov=skembed --cov-report=term

# Damaged files, killed fits and hostile input, in processes of their own: about half an hour.
faults: setup
	$(BIN)/python -m benchmarks.faults

# Needs no network once it is set up. Warnings, and links that lead nowhere, are errors.
# Pages and figures are made anew, the examples that have changed are run: `make clean` for all.
docs: .venv/.docs
	rm -rf docs/_build docs/api
	$(BIN)/python -m sphinx -b html -j auto -W --keep-going -n docs $(DOCS)
	$(BIN)/python docs/links.py $(DOCS)

docs-serve:
	test -f $(DOCS)/index.html || $(MAKE) docs
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(DOCS) $(PORT)

# A wheel and a source archive in dist/.
dist: setup
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

# Install each of them in an environment of its own; run the tests of the source archive there.
test-dist: dist
	rm -rf build/dist && mkdir -p build/dist
	$(PYTHON) -m venv build/dist/wheel
	build/dist/wheel/bin/pip install --quiet "$$(ls dist/*.whl)[plot]"
	cd build/dist && wheel/bin/python -c "import skembed; print('wheel:', skembed.__version__)"
	$(PYTHON) -m venv build/dist/sdist
	build/dist/sdist/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	tar -xzf dist/*.tar.gz -C build/dist
	cd build/dist/skembed-*/ && ../sdist/bin/python -m pip install --quiet \
		"$$(ls ../../../dist/*.tar.gz)[$(EXTRAS)]" --group test --group benchmarks
	cd build/dist/skembed-*/ && MPLBACKEND=Agg ../sdist/bin/python -m pytest \
		--numprocesses=auto --dist=loadfile tests

# The oldest releases that pyproject.toml allows, with the oldest Python. Their own deprecation
# warnings are no errors.
test-lowest: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest --resolution lowest-direct \
		--editable ".[$(EXTRAS)]" --group test --group benchmarks
	MPLBACKEND=Agg .venv-lowest/bin/python -m pytest -o filterwarnings= \
		--numprocesses=auto --dist=loadfile tests

# Another Python, such as the newest that has wheels: make test-python PYTHON=python3.13
test-python:
	$(PYTHON) -m venv --clear .venv-python
	.venv-python/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-python/bin/python -m pip install --quiet --editable ".[$(EXTRAS)]" \
		--group test --group benchmarks
	MPLBACKEND=Agg .venv-python/bin/python -m pytest --numprocesses=auto --dist=loadfile tests

clean:
	rm -rf docs/_build docs/api docs/gallery docs/sg_execution_times.rst build dist
	rm -rf .venv .venv-lowest .venv-python .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
