# Each target does its own set-up: a virtual environment in .venv with the versions of constraints.txt.
SHELL := /bin/bash
export PYTHONUTF8 := 1
# Python 3.11 or newer; empty: python3.11 or python3 on the PATH
export PYTHON

.PHONY: run demo test check bench soak setup

run: setup
	@.venv/bin/backdesk run

demo: setup
	@.venv/bin/backdesk demo

check: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/djlint templates --lint --quiet
	.venv/bin/python tools/vendor.py --check
	.venv/bin/python -m pytest -q -n 2 -m "not browser and not soak and not slow"

test: setup
	@chromium="$$(bash tools/chromium.sh)" && export CHROMIUM="$$chromium" && \
	.venv/bin/python -m pytest -q -n 2 --dist loadfile -m "not soak"

bench: setup
	@.venv/bin/python -m benchmarks

soak: setup
	@.venv/bin/python -m pytest -q -s -rs -m soak

setup:
	@bash tools/venv.sh
