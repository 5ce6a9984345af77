#!/usr/bin/env bash
# Make .venv and install what constraints.txt pins, when that has changed; pip's time is printed apart. Called by make.
set -euo pipefail
umask 022 # started by root, PostgreSQL runs as another user and must be able to read its programs
stamp=$(cat pyproject.toml constraints.txt tools/venv.sh | cksum)" in $PWD"
if [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi
say() {
  echo "$*" >&2
  exit 1
}
python=${PYTHON:-$(command -v python3.11 || command -v python3 || true)}
[ -n "$python" ] || say "Backdesk needs Python 3.11 or newer, and there is no python3 on the PATH. Install it, then run make again."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  say "Backdesk needs Python 3.11 or newer, and $python is $("$python" --version). Name another: make PYTHON=/path/to/python3.11"
can_make_environments() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
if ! can_make_environments && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq python3-venv; } >/dev/null 2>&1 || true
fi
can_make_environments ||
  say "$python cannot make virtual environments. Install the package python3-venv, then run make again."
# One moved here from another folder holds paths that no longer lead anywhere.
if [ -e .venv/stamp ] && ! grep -q " in $PWD\$" .venv/stamp; then rm -rf .venv; fi
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
install=(.venv/bin/python -m pip install -qq --disable-pip-version-check --no-warn-script-location -c constraints.txt)
SECONDS=0
"${install[@]}" setuptools # the build backend, pinned as well
"${install[@]}" --no-build-isolation -e '.[dev]'
echo "$stamp" >.venv/stamp
echo "pip installed the packages in $SECONDS s."
