#!/usr/bin/env bash
# Print the path of a Chromium for the browser tests: $CHROMIUM, one on the PATH, or, as root on Debian, a fresh package.
set -euo pipefail
if [ -n "${CHROMIUM:-}" ]; then
  command -v "$CHROMIUM" && exit
  echo "CHROMIUM names $CHROMIUM, which is not there. Correct it, or unset it to use the one on the PATH." >&2
  exit 1
fi
find_one() { command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable; }
find_one && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests." >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1 || true
  find_one && exit
fi
echo "The browser tests need Chromium: install it, or name one in CHROMIUM. (make check runs all other tests that are quick.)" >&2
exit 1
