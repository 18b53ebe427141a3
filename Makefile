# make demo: a first report, from nothing.   make test: everything CI runs.   make check: what a change needs at once.
PYTHON ?= python3
BIN := .venv/bin
WHEEL_ENV := build/wheel-env
# One thread a core and no spinning: two test processes on two cores would otherwise wait for each other.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: demo test check lint types unit wheel bench nights field mutants pictures clean libraries test-libraries

demo: .venv/installed libraries
	$(BIN)/reportgen demo --out reports --lang en,ja

test: lint types wheel unit

# Lint, types and the tests of what was changed; says what it leaves to `make test`.
check: lint types
	$(BIN)/python -m tools.changed_tests

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

libraries:
	sh .ci/system-libraries

test-libraries:
	sh .ci/system-libraries --tests

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

unit: .venv/installed test-libraries
	$(BIN)/pytest -n 2 --dist loadscope

# The wheel, in an environment that has nothing of the checkout, run from a folder that is not the checkout.
wheel: .venv/installed libraries
	rm -rf dist $(WHEEL_ENV)
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	$(PYTHON) -m venv $(WHEEL_ENV)
	$(WHEEL_ENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd $(WHEEL_ENV) && bin/reportgen doctor && bin/reportgen demo --out out --lang en,ja && ls out/demo/*/report.pdf out/demo/*/report.ja.html
	rm -rf $(WHEEL_ENV)

bench: .venv/installed
	$(BIN)/python -m benchmarks.report_cost
	$(BIN)/python -W ignore -m benchmarks.explain_speed
	$(BIN)/python -m benchmarks.archive_index
	$(BIN)/python -W ignore -m benchmarks.document_size

# Thirty nights of one model with all that goes wrong in them; minutes. Look at build/nights/reports/index.html.
nights: .venv/installed test-libraries
	$(BIN)/python -W ignore -m tests.e2e.thirty_nights build/nights

# Situations that users of neighbouring tools reported, from ../shared/field: a table of what each ends in; minutes.
field: .venv/installed test-libraries
	$(BIN)/python -W ignore -m tests.field

# Small changes to the code, a sample by SEED: how many make a test fail (tools/mutants). The first call takes an hour or more.
SEED ?= 1
N ?= 150
mutants: .venv/installed test-libraries
	nice $(BIN)/python -W ignore -m tools.mutants --seed $(SEED) -n $(N)

# The pictures of the README.
pictures: .venv/installed test-libraries
	$(BIN)/python -m docs.pictures

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
