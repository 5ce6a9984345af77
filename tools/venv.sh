#!/usr/bin/env bash
# Make .venv and install what constraints.txt pins; pip's time is printed apart. Called by make.
set -euo pipefail
python="${1:-}"
if [ -z "$python" ]; then
  echo "Backdesk needs Python 3.11 or newer, and there is no python3 on the PATH. Install it, then run make again." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Backdesk needs Python 3.11 or newer; $("$python" --version) is too old. Name another: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
  else
    echo "This Python cannot make virtual environments. Install the package python3-venv, then run make again." >&2
    exit 1
  fi
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
began=$(date +%s)
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' 2> >(grep -v '^WARNING: Location' >&2)
touch .venv/stamp
echo "Installed in $(( $(date +%s) - began )) s."
