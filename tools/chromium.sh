#!/usr/bin/env bash
# Print the path of a Chromium for the browser tests: $CHROMIUM, one on the PATH, or, as root on Debian, a fresh package.
set -euo pipefail
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
  if [ -n "$name" ] && found=$(command -v "$name"); then
    echo "$found"
    exit 0
  fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1 || true
  if found=$(command -v chromium); then
    echo "$found"
    exit 0
  fi
fi
echo "The browser tests need Chromium: install it, or name one in CHROMIUM. (make check runs everything else.)" >&2
exit 1
