# make demo        the whole chain on a simulated session
# make test        style, types, workflow checks, then every test
# make fast-test   the tests of the package alone
# make test-interruptions  jobs killed in every stage, a power cut, a full disk
# make test-cluster  the small session through a real Slurm of two nodes, installed and started for it on this machine
# make benchmarks  speed and quality against the peers, side by side: all that need nothing but the demo session
# make sheet FOLDER=path/to/raw/files  a sheet and a configuration for them, proposed from their headers
# make compare A=results/one B=results/two  two finished sessions side by side on one page
# make screenshots the pictures of the README: the demo's report in the browser that is installed
# make crate CONFIG=path/to/config.yaml  a finished session described as a Workflow Run RO-Crate
# make napari CONFIG=path/to/config.yaml  a tilt series of a finished session in napari
# make docs        pages filled from the code and from docs/measured, two small sessions for the notebooks, then the documentation site in build/site
# make coverage    the tests of the package, and which lines they run
# make clean       removes the virtual environments and build; results, and what Snakemake knows of them, stay

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
CONFIG ?= config/config.yaml
BIN := .venv/bin
# Benchmarks that have to be given other sessions, or frames that a microscope recorded: their docstrings say what.
ASK_FOR_MORE := line_motion repeated_lines session_sweep
NO_BENCHMARKS := measured_tables tier_times

.PHONY: docs sheet compare screenshots crate napari coverage demo test fast-test test-interruptions test-cluster check benchmarks environments clean

demo: .venv/installed
	$(BIN)/snakemake --cores $(CORES) --profile workflow/profiles/default
	@echo "The report lies at $(CURDIR)/results/demo/report.html"

sheet: .venv/installed
	$(if $(FOLDER),,$(error name the folder with the raw files: make sheet FOLDER=path/to/raw/files))
	$(BIN)/python -m rapidstem_workflow.sheet_proposal "$(FOLDER)"

compare: .venv/installed
	$(BIN)/python -m rapidstem.report.session_comparison "$(A)" "$(B)"

screenshots: demo
	RAPIDSTEM_REPORT=results/demo/report.html RAPIDSTEM_SCREENSHOTS=docs/images $(BIN)/pytest tests/workflow/test_report_browser.py

crate: .venv/installed
	$(BIN)/python -m rapidstem_workflow.run_crate --configfile "$(CONFIG)"

napari: .venv/installed
	$(BIN)/python -m rapidstem_workflow.napari_view --configfile "$(CONFIG)"

test: check
	$(BIN)/pytest -n 2 --dist loadfile
	$(BIN)/pytest --doctest-modules rapidstem

fast-test: .venv/installed
	$(BIN)/pytest tests/unit

test-interruptions: .venv/installed
	$(BIN)/pytest tests/interruptions

test-cluster: .venv/installed
	tests/cluster/install_slurm.sh
	$(BIN)/pytest -rs tests/cluster

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

benchmarks: demo
	for script in $(filter-out $(ASK_FOR_MORE) $(NO_BENCHMARKS),$(patsubst benchmarks/%.py,%,$(wildcard benchmarks/[a-z]*.py))); do $(BIN)/python -m benchmarks.$$script || exit 1; done

docs: .venv-docs/installed
	$(PYTHON) docs/write_pages.py
	$(BIN)/python -m docs.notebook_sessions build/notebooks
	RAPIDSTEM_RESULTS="$(CURDIR)/build/notebooks/results" .venv-docs/bin/mkdocs build --strict

coverage: .venv/installed
	$(BIN)/pytest tests/unit --cov=rapidstem --cov-report=term:skip-covered

environments: .venv/installed
	$(BIN)/python envs/write_environments.py

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('rapidstem needs Python 3.11 or newer; name one with make PYTHON=...' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The notebooks run with the package and all it needs, which lie in .venv: they stand behind the documentation's own packages.
.venv-docs/installed: docs/requirements.lock .venv/installed
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --disable-pip-version-check --requirement docs/requirements.lock
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'), '$(CURDIR)', sep='\n')" > "$$(.venv-docs/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/behind.pth"
	touch $@

clean:
	rm -rf .venv .venv-docs build
