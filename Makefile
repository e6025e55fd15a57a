# Needs make and Python 3.11 or newer, nothing else: each target makes the virtual environment it
# needs and installs into it once. A change of pyproject.toml installs again.
#
#     make test PYTHON=/path/to/python3.12      another interpreter for a new .venv
#     make demo MUSIC=folder                    your own music, one sub-folder a genre

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
MUSIC ?=
# Test processes. One BLAS thread in each: two processes with two threads each only get in each
# other's way.
JOBS ?= 2
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

.PHONY: help demo test test-path test-second test-all fuzz lint format docs bench clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# --- environment ------------------------------------------------------------------------------

# The extras each kind of work needs; lint sees the types of what the tests install.
EXTRAS_demo := ffmpeg,plot
EXTRAS_docs := docs,remote,tags,train
EXTRAS_lint := lint,test
EXTRAS_test := test

$(BIN)/python:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then python=$$(sh tools/find_python.sh 3.11 any) || { \
	    echo "genrekit needs Python 3.11 or newer; none was found." \
	        "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }; fi; \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Networks are trained in the tests too, where there is a torch without graphics processors: see the
# constraints.
TRAINED := lint test
TRAIN = $(if $(filter $*,$(TRAINED)),$(shell sh tools/train_extra.sh $(BIN)/python))
$(VENV)/.installed-%: pyproject.toml tools/constraints.txt | $(BIN)/python
	@echo "Installing genrekit[$(EXTRAS_$*)$(TRAIN)] into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint tools/constraints.txt --editable ".[$(EXTRAS_$*)$(TRAIN)]"
	@touch $@

# --- what a user runs -------------------------------------------------------------------------

demo: $(VENV)/.installed-demo  ## the whole way on synthetic tracks, or on MUSIC=folder
	$(BIN)/genrekit demo --output demo-output $(if $(MUSIC),--music "$(MUSIC)")

# --- tests ------------------------------------------------------------------------------------

# Three runs: everything as users have it; what rests on kernels, with those of numpy; the bodies of
# the compiled kernels as plain Python.
KERNELS := tests/dsp tests/spectra tests/engine tests/features tests/patches
test: $(VENV)/.installed-test  ## all tests, coverage, kernels
	$(PYTEST) --cov
	GENREKIT_KERNELS=numpy GENREKIT_TEST_DATA=none $(PYTEST) $(KERNELS)
	NUMBA_DISABLE_JIT=1 $(PYTEST) tests/dsp

# What is decoded depends on whether the program ffmpeg is on the PATH; the machine's own, or the one
# that comes in a package of PyPI (68 MB).
FFMPEG := .venvs/ffmpeg/ffmpeg
$(FFMPEG): | $(BIN)/python
	@mkdir -p $(@D) .venvs/empty
	@program=$$(command -v ffmpeg) || { \
	    echo "Fetching a program ffmpeg into .venvs"; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	        --target .venvs/imageio-ffmpeg imageio-ffmpeg && \
	    program=$$(ls "$(CURDIR)"/.venvs/imageio-ffmpeg/imageio_ffmpeg/binaries/ffmpeg-*); }; \
	ln -sf "$$program" $@

DECODING := src/genrekit/audio tests/audio tests/formats tests/engine/test_extractor.py tests/features/test_extract.py \
    tests/engine/test_waveforms.py tests/datasets/test_folder.py tests/models/test_cutting.py \
    docs/quickstart.rst
test-path: $(VENV)/.installed-test $(FFMPEG)  ## what decodes: without a program ffmpeg, and with one
	PATH="$(CURDIR)/.venvs/empty" GENREKIT_TEST_FFMPEG=without $(PYTEST) $(DECODING)
	PATH="$(CURDIR)/$(dir $(FFMPEG)):$$PATH" GENREKIT_TEST_FFMPEG=with $(PYTEST) $(DECODING)

FUZZ ?= --count 400 --jobs $(JOBS)
fuzz: $(VENV)/.installed-test  ## damaged files of every format (FUZZ="--count 10000 --seed 7")
	$(BIN)/python tools/fuzz_audio.py $(FUZZ)

test-second:  ## common and feature tests: newest Python here, scikit-learn 1.6; its checks of networks
	OMP_NUM_THREADS=1 sh tools/test_on.sh "3.13 3.12" 1.6 -n $(JOBS) \
	    tests/test_common.py tests/spectra tests/engine tests/features
	OMP_NUM_THREADS=1 sh tools/test_on.sh 3.11 1.6 -n $(JOBS) tests/test_common.py -k networks

test-all:  ## all tests on each Python here, with scikit-learn 1.6 and the newest
	@set -e; for python in 3.11 3.12 3.13; do for sklearn in 1.6 newest; do \
	    OMP_NUM_THREADS=1 sh tools/test_on.sh $$python $$sklearn -n $(JOBS); \
	done; done

# --- code and docs ----------------------------------------------------------------------------

lint: $(VENV)/.installed-lint  ## style, spelling, types, docstrings, architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/python -m numpydoc lint $$(find src -name '*.py')
	$(BIN)/lint-imports

format: $(VENV)/.installed-lint  ## rewrite the code as ruff likes it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Pages built before would not show their warnings again. docs/tutorials stays: what the tutorials gave
# is in it, and one is run again where it or the library has changed; GALLERY=0 runs none.
GALLERY ?= 1
SPHINX := $(BIN)/sphinx-build -W --keep-going -q -d docs/_build/doctrees -D plot_gallery=$(GALLERY)
docs: $(VENV)/.installed-docs  ## HTML into docs/_build/html; runs the tutorials, the code in pages and docstrings
	rm -rf docs/_build docs/generated
	$(SPHINX) -b html docs docs/_build/html
	$(SPHINX) -b doctest docs docs/_build/doctest

# Libraries to compare with, in an environment of their own; without them their rows are left out.
.venvs/peers/.installed: | $(BIN)/python
	-@$(BIN)/python -m venv .venvs/peers && .venvs/peers/bin/python -m pip install --quiet \
	    --disable-pip-version-check essentia afx-audio
	@mkdir -p $(@D) && touch $@

bench: $(VENV)/.installed-demo .venvs/peers/.installed  ## the benchmarks (BENCH="--long", "--profile", ...)
	$(BIN)/python -m benchmarks $(BENCH)

clean:  ## remove environments, caches and everything made
	rm -rf $(VENV) .venvs build dist demo-output docs/_build docs/generated docs/tutorials docs/api/_functions.rst \
	    docs/api/_transformers.rst fuzz-faults htmlcov \
	    .coverage .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
