# Taleturn. `make` alone tells what there is; `make play` and `make test` set up what they need.

PYTHON ?= $(shell python3.11 -c 'import sys; print(sys.executable)' 2>/dev/null || command -v python3)
BIN := .venv/bin
# Errors only. A module is compiled when it is first imported; most never are.
INSTALL := $(BIN)/python -m pip --quiet --quiet install --no-compile
TORCH := $(shell grep '^torch==' constraints.txt)

# Tiny models run slower on two threads than on one, and the tests run side by side.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help play demo demo-learning test test-slow test-gpu test-ray fix bench bench-long bench-platforms bench-stories bench-insight bench-learning bench-pretrain

help:  ## tell what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

play: .venv/run.stamp  ## open a story in the terminal; make play ARGS="--data DIR --seed 7"
	@$(BIN)/taleturn play $(ARGS)

demo: .venv/dev.stamp  ## watch a Telegram group and a Discord channel write one story; no token needed
	@$(BIN)/python -m tests.demo

demo-learning: .venv/dev.stamp  ## watch a group teach its narrator, from ratings to the rebuild; takes minutes
	@$(BIN)/python -m tests.demo_learning $(ARGS)

test: .venv/dev.stamp  ## run every check: style, types, imports, tests, coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow and not gpu and not ray" --numprocesses 2 --dist worksteal --cov --cov-report term:skip-covered

test-slow: .venv/dev.stamp  ## run the tests that take minutes
	$(BIN)/pytest -m slow --timeout 3600

test-gpu: .venv/dev.stamp  ## run the tests that need a CUDA device
	$(BIN)/pytest -m gpu --timeout 3600

test-ray: .venv/ray.stamp  ## run the tests that need Ray, which it installs: half a gigabyte
	$(BIN)/pytest -m ray --timeout 600

fix: .venv/dev.stamp  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev.stamp  ## measure the engine, the terminal, the narrator; writes tests/benchmarks/results/
	$(BIN)/python -m tests.benchmarks.bench_engine
	$(BIN)/python -m tests.benchmarks.bench_play
	$(BIN)/python -m tests.benchmarks.bench_narrator --large

bench-long: .venv/dev.stamp  ## measure the narrator's memory over ten thousand requests
	$(BIN)/python -m tests.benchmarks.bench_narrator --rounds 1 --many 10000

bench-platforms: .venv/dev.stamp  ## measure Telegram and Discord; with ARGS="soak" for ten minutes of 200 chats
	$(BIN)/python -m tests.benchmarks.bench_telegram $(or $(ARGS),own faults)
	$(BIN)/python -m tests.benchmarks.bench_discord $(or $(ARGS),acks own faults)

bench-stories: .venv/dev.stamp  ## measure the stories the narrator writes
	$(BIN)/python -m tests.benchmarks.bench_stories $(ARGS)

bench-insight: .venv/dev.stamp  ## measure explaining, refining, moods, control and screening
	$(BIN)/python -W ignore -m tests.benchmarks.insight_explain
	$(BIN)/python -W ignore -m tests.benchmarks.insight_cards
	$(BIN)/python -W ignore -m tests.benchmarks.insight_refine
	$(BIN)/python -W ignore -m tests.benchmarks.insight_mood
	$(BIN)/python -W ignore -m tests.benchmarks.insight_control
	$(BIN)/python -W ignore -m tests.benchmarks.insight_safety

bench-learning: .venv/dev.stamp  ## let simulated groups teach the narrator; ARGS="--full" takes hours
	$(BIN)/python -W ignore -m tests.benchmarks.learning_gates
	$(BIN)/python -W ignore -m tests.benchmarks.bench_learning $(ARGS)

bench-pretrain: .venv/dev.stamp  ## compare the starter's recipe with variants of it; takes an hour
	$(BIN)/python -m tests.benchmarks.bench_pretrain $(ARGS)

# A build of torch for CUDA is several gigabytes. Where there is no such device, the small build is
# asked for first; an index that does not offer it answers at once, and the plain one is taken.
.venv/run.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('Taleturn needs Python 3.11 or newer: make PYTHON=/path/to/it')"
	@echo "Setting up .venv; this takes some minutes, once."
	@$(PYTHON) -m venv .venv
	@command -v nvidia-smi >/dev/null || $(INSTALL) "$(TORCH)+cpu" 2>/dev/null || true
	@$(INSTALL) --constraint constraints.txt --editable .
	@touch $@

.venv/ray.stamp: .venv/dev.stamp
	@$(INSTALL) --constraint constraints.txt --editable ".[ray]"
	@touch $@

# The list of tools is read here, since the pip of a new environment may not know groups yet.
.venv/dev.stamp: .venv/run.stamp
	@$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['dev'], sep='\n')" > .venv/dev.txt
	@$(INSTALL) --constraint constraints.txt --requirement .venv/dev.txt
	@touch $@
