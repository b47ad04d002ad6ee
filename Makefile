# The commands a newcomer needs. Each makes .venv if it is missing or older than its inputs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow test-browser test-gpu bench bench-gpu lint expected schema release train clean

demo: .venv/ready
	$(BIN)/kischule demo

test: .venv/ready
	$(BIN)/python -m pytest

# minutes: fresh virtual environments, long simulations
test-slow: .venv/ready
	$(BIN)/python -m pytest -m slow -rA

# JupyterLab, formgrader and the pages of students, in the system's Chromium (Debian: apt install chromium)
test-browser: .venv/ready
	$(BIN)/python -c 'import axe_playwright_python, playwright' 2>/dev/null || \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[browser]'
	$(BIN)/python -m pytest -m browser -n 0 -rA

# where there is a CUDA device; a rehearsal on the CPU: KISCHULE_TEST_DEVICE=cpu make test-gpu
test-gpu: .venv/ready
	$(BIN)/python -m pytest -m gpu -n 0 -rA

# against stock nbgrader and otter-grader, on the same submissions: half an hour; writes BENCHMARKS.md
bench: .venv/ready
	$(BIN)/python benchmarks/bench.py

# where there is a CUDA device: texts a second and its memory; minutes; writes into BENCHMARKS.md
bench-gpu: .venv/ready
	$(BIN)/python benchmarks/bench_gpu.py --write

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/mypy.ini

# the replies of the reference, written into autograder/exercises/*/*.yaml: after a new model or case
expected: .venv/ready
	$(BIN)/python -m autograder.checking.stored

# what editors complete exercise files by: after a new key, checker or kind of argument
schema: .venv/ready
	$(BIN)/python -m autograder.checking.schema

release: .venv/ready
	$(BIN)/kischule release a7_2
	$(BIN)/kischule release a7_2 --language en
	$(BIN)/kischule release a7_2_plus
	$(BIN)/kischule release a7_2_plus --language en
	$(BIN)/kischule release a7_3
	$(BIN)/kischule release a7_3 --language en

# a new embedded model from a text file of stories, or from Project Gutenberg without CORPUS
train: .venv/ready
	$(BIN)/python kischule/mini/train.py $(if $(CORPUS),--corpus $(CORPUS))

clean:
	rm -rf .venv

# the pinned packages need it; kischule itself runs on 3.10, with older ones
.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit( \
	f"This needs Python 3.11 or newer, and $(PYTHON) is {v}. Another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch .venv/ready
