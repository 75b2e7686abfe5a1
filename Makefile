# The short forms. `make` alone lists them.
#
# All that is needed is make and Python 3.11 or newer. Everything goes into
# .venv/ beside this file: delete that folder and nothing is left. Paths are
# relative throughout, so that the checkout may lie in a folder with spaces.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python

# More for the tool at hand: make test ARGS="-k learning"
ARGS ?=

# Files in .venv/ that remember what is done. Each is made last, so that a step
# that failed or was interrupted is done again. With $(VENV)/.with-docs there is
# what locks/docs.lock names; likewise for the other files there.
CREATED   := $(VENV)/.created
INSTALLED := $(VENV)/.installed
READY     := $(VENV)/.ready

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo game lab test test-slow torture damage test-newer test-browser test-game coverage compatibility package soak golden fuzz lint format typecheck bench validation sbc claims data-sets bench-studies docs figures course competition constraints sbom clean distclean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

# ---------------------------------------------------------------- setting up

setup: $(READY) ## make .venv with everything in it (other targets do this too)
	@echo "Ready: $(BIN)/cxsim --help"

$(CREATED):
	@command -v $(PYTHON) >/dev/null || \
	  { echo "cxsim needs Python 3.11 or newer, and there is no $(PYTHON). Name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:3]; v >= (3, 11) or sys.exit("cxsim needs Python 3.11 or newer; $(PYTHON) is %d.%d.%d. Name another: make setup PYTHON=python3.12" % v)'
	@echo "[1/3] Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) -m venv failed. On Debian and Ubuntu, first: apt install python3-venv" >&2; exit 1; }
	@touch $@

# $(call install,PYTHON,WHAT). uv installs in seconds what takes pip a minute. Where uv
# cannot be had, or cannot reach what pip can (it does not read pip's configuration), pip
# does the work. Lock files name every file by its hash: another one, from wherever, is
# refused by either.
install = { $(PY) -m uv pip install --quiet --python $(1) --no-deps $(2) \
  || { echo "      uv could not do it; pip takes a minute or two"; \
       $(1) -m pip install --quiet --disable-pip-version-check --no-deps $(2); }; }
LOCKED := --require-hashes -r
ITSELF := --no-build-isolation -e .

$(INSTALLED): pyproject.toml requirements.lock cxsim/_version.py $(CREATED)
	@echo "[2/3] Installing cxsim and what it needs (about 1 GB)"
	@$(PY) -m pip install --quiet --retries 1 --disable-pip-version-check uv >/dev/null 2>&1 || true
	@$(call install,$(PY),$(LOCKED) requirements.lock) && $(call install,$(PY),$(ITSELF))
	@touch $@

$(VENV)/.with-%: locks/%.lock $(INSTALLED)
	@$(call install,$(PY),$(LOCKED) $<)
	@touch $@

# Libraries are compiled to byte code beside the simulation, which takes one processor: where
# Python may not write byte code (PYTHONDONTWRITEBYTECODE), each start of it would take four
# seconds more.
BYTE_CODE = -c 'import compileall, sysconfig; \
  [compileall.compile_dir(place, quiet=2) for place in (sysconfig.get_path("purelib"), "cxsim", "classroom", "lab")]'

$(READY): $(INSTALLED)
	@echo "[3/3] Compiling the simulation (once)"
	@$(PY) $(BYTE_CODE) >/dev/null 2>&1 & $(BIN)/cxsim warm && wait
	@touch $@

# ------------------------------------------------------------------- working

demo: $(READY) ## compare a market with and without a copycat; prints a table, writes a report
	@$(BIN)/cxsim compare baseline copycat --seeds 20

game: $(READY) ## play a market in class: make results/game.db if there is none, and serve it (ARGS="--lan")
	@mkdir -p results
	@test -e results/game.db || $(BIN)/cxsim game new first_hour results/game.db
	@$(BIN)/cxsim game serve results/game.db $(ARGS)

lab: $(READY) ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --LabApp.news_url=None notebooks/00_start_here.ipynb $(ARGS)

# ------------------------------------------------------------------ checking

test: $(READY) ## run the tests
	@$(PY) -m pytest -q -n auto --maxprocesses=4 --dist worksteal -m "not browser and not slow" $(ARGS)
	@$(MAKE) --no-print-directory test-newer
	@$(CHROMIUM) >/dev/null || echo "Browser tests were left out: make test-browser (needs Chromium)."

test-slow: $(READY) ## run all tests, the slow ones too, with all random examples (half an hour)
	@CXSIM_ALL_EXAMPLES=1 $(PY) -m pytest -q -n auto --maxprocesses=4 --dist worksteal -m "not browser" $(ARGS)

torture: $(READY) ## kill a study twenty times and look whether anything is lost (CXSIM_TORTURE_SEED=7: again)
	@$(PY) -m pytest -q tests/study/test_torture.py $(ARGS)

damage: $(READY) ## flip bits in, cut short and zero files of each kind; none may go unnoticed (ARGS="--part 0.1")
	@$(PY) -m lab.fuzz.damage $(ARGS)

# Mesa 3.5 wants Python 3.12. Where there is one beside the Python in use, the tests that
# touch Mesa and the numbers run on it too, in an environment of their own.
NEWER_PYTHON = for p in python3.13 python3.12 "$$HOME"/.pyenv/versions/3.1[23]*/bin/python; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 12))' 2>/dev/null && echo "$$p" && break; done

test-newer: $(READY) ## run what touches Mesa on Python 3.12 or newer (Mesa 3.5), where there is one
	@$(PY) -c 'import sys; sys.exit(sys.version_info[:2] >= (3, 12))' \
	  || { echo "Mesa 3.5 is what the tests ran on."; exit 0; }; \
	newer=$$($(NEWER_PYTHON)); \
	if [ -z "$$newer" ]; then echo "No Python 3.12 or newer here: Mesa 3.5 was left out."; exit 0; fi; \
	if [ -n "$$(find pyproject.toml requirements.lock locks/viz.lock -newer .venv-newer/.installed 2>&1)" ]; then \
	  echo "Installing for $$newer (Mesa 3.5)"; \
	  "$$newer" -m venv .venv-newer \
	  && $(call install,.venv-newer/bin/python,$(LOCKED) requirements.lock -r locks/viz.lock) \
	  && $(call install,.venv-newer/bin/python,$(ITSELF)) \
	  && { .venv-newer/bin/python $(BYTE_CODE) >/dev/null 2>&1; true; } \
	  && touch .venv-newer/.installed \
	  || { echo "It could not be installed for $$newer: Mesa 3.5 was left out."; exit 0; }; \
	fi; \
	.venv-newer/bin/python -m pytest -q -n 2 -p no:cacheprovider \
	  tests/runs/test_mesa.py tests/runs/test_mesa_agents.py tests/engine/test_engines.py tests/numerics/test_draws.py tests/runs/test_golden.py

# Chromium comes from the system's packages; where it cannot be had, that is said and no error.
CHROMIUM = { command -v chromium || command -v chromium-browser || command -v google-chrome; }
in_browsers = $(CHROMIUM) >/dev/null || { echo "Installing Chromium"; \
	  { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || { sudo -n apt-get update -qq && sudo -n apt-get install -qq -y --no-install-recommends chromium; } >/dev/null 2>&1; }; \
	if $(CHROMIUM) >/dev/null; then $(PY) -m pytest -q -m "browser and not slow" $(1); \
	else echo "There is no Chromium here and it could not be installed: browser tests were left out."; fi

test-browser: $(READY) $(VENV)/.with-browser $(VENV)/.with-docs ## open notebooks in a real JupyterLab, and the documentation, in a headless Chromium (ARGS="-m browser": the slow ones too)
	@$(call in_browsers,tests/browser --ignore-glob="*/test_game_*" $(ARGS))

test-game: $(READY) $(VENV)/.with-browser ## play classroom games in browsers and with bots, kill servers, forge decisions (ARGS="--full": half an hour)
	@$(call in_browsers,tests/browser/test_game_in_browsers.py tests/browser/test_game_pages.py $(if $(findstring --full,$(ARGS)),-m browser))
	@$(PY) -m lab.game $(ARGS)

coverage: $(READY) ## run the tests and say which branches they miss (fails under 90 %)
	@$(PY) -m pytest -q -n auto --maxprocesses=4 --dist worksteal -m "not browser" --cov --cov-report=term $(ARGS)

compatibility: $(READY) ## try old and new libraries and Pythons, write docs/compatibility.md anew
	@$(PY) -m lab.pages.compatibility $(ARGS)

package: $(READY) ## build wheel and source archive into dist/, install them elsewhere, run the demo
	@rm -rf dist && $(PY) -m hatchling build -d dist && ls -l dist
	@$(PY) -m pytest -q tests/project/test_package.py $(ARGS)

soak: $(READY) ## run a hundred thousand periods and watch memory and time (ARGS="--periods 1000000")
	@$(PY) -m lab.benchmarks.soak $(ARGS)

golden: $(READY) ## write the golden trajectories anew, where numbers are meant to change
	@CXSIM_RENEW_GOLDEN=1 $(PY) -m pytest -q -p no:cacheprovider tests/runs/test_golden.py
	@git status --short tests/runs/golden 2>/dev/null || true

fuzz: $(READY) $(VENV)/.with-fuzz ## search for files that go wrong, a minute for each kind (ARGS="study --seconds 600")
	@$(PY) -m lab.fuzz $(ARGS)

lint: $(INSTALLED) ## look for mistakes and for lines that `make format` would change
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: $(INSTALLED) ## put code and notebooks into the common format
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

typecheck: $(INSTALLED) ## check the types
	@$(PY) -m mypy

bench: $(READY) ## measure speed and write docs/benchmarks.md anew (ARGS=--quick: two minutes)
	@$(PY) -m lab.benchmarks $(ARGS)

validation: $(READY) ## check against published results and write docs/validation.md anew (ARGS="--only 1.2")
	@$(PY) -m lab.validation $(ARGS)

sbc: $(READY) ## test posteriors of targets by simulation-based calibration, draw docs/images/sbc.png
	@$(PY) -m lab.validation.sbc $(ARGS)

data-sets: $(READY) ## take published data sets from file to scenario, write docs/data_sets.md (ARGS="--only Yogurt")
	@$(PY) -m lab.published_data $(ARGS)
	@$(PY) -m pytest -q tests/lab/test_published_data.py

claims: $(READY) ## put claims to the test and write docs/claims.md anew (ARGS="--only copycat")
	@$(PY) -m lab.validation.claims $(ARGS)

bench-studies: $(READY) ## measure ten thousand runs of a study (ARGS="--runs 1000": a tenth of it)
	@$(PY) -m lab.benchmarks.studies $(ARGS)

docs: $(READY) $(VENV)/.with-docs ## build the documentation site in build/docs (no network needed once set up)
	@$(PY) -m lab.pages.model && $(PY) -m lab.pages.architecture
	@rm -rf build/docs build/doctrees docs/generated
	@$(PY) -m sphinx --fail-on-warning --keep-going --quiet -d build/doctrees docs build/docs $(ARGS)
	@echo "Open build/docs/index.html"

figures: $(READY) ## draw the pictures of the README anew, and slides of the course (results/slides)
	@$(PY) -m lab.pages.images
	@$(PY) -m lab.pages.slides

course: $(READY) ## write docs/course_answers.md anew (ARGS="--student 17": print a student's)
	@$(PY) -m lab.pages.course $(ARGS)

competition: $(READY) ## write docs/competition.md anew (ARGS="--seeds 6": quicker)
	@$(PY) -m lab.pages.competition $(ARGS)

# ------------------------------------------------------------- housekeeping

# For all systems and Python versions at once, without addresses. What an extra adds to
# requirements.lock has a lock file of its own, so that nobody installs more than the
# work at hand needs: uv locks an extra of pyproject.toml only together with all the rest,
# hence the list that Python reads out of it.
UPGRADE := --upgrade
EXTRAS  := browser docs fuzz viz
PINS    = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate
LOCK    = $(PINS) --constraint constraints.txt --generate-hashes

constraints: $(CREATED) ## bring the pinned versions and lock files up to date (UPGRADE=: add what is missing only)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(PINS) pyproject.toml --all-extras $(UPGRADE) -o constraints.txt
	@$(LOCK) pyproject.toml --extra dev -o requirements.lock
	@for extra in $(EXTRAS); do $(PY) -c 'import sys, tomllib; print(*tomllib.load(sys.stdin.buffer) \
	  ["project"]["optional-dependencies"][sys.argv[1]], sep="\n")' "$$extra" < pyproject.toml \
	  | $(LOCK) -o locks/$$extra.lock - || exit 1; done

# In an environment of its own, so that what writes the list does not stand in it.
sbom: requirements.lock ## write the CycloneDX list of what make setup installs, build/sbom.json
	@mkdir -p build
	@test -x build/sbom/bin/cyclonedx-py || { $(PYTHON) -m venv build/sbom \
	  && build/sbom/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom; }
	@build/sbom/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
	  --output-reproducible -o build/sbom.json 2>/dev/null
	@echo "build/sbom.json"

clean: ## delete what tools and builds left behind
	@rm -rf build dist docs/generated htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./.git -prune -o -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## delete .venv as well
	@rm -rf $(VENV) .venv-newer .venv-versions .fuzz-corpus
