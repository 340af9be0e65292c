#!/usr/bin/env bash
# Every check and test, on a machine where `make` has installed the Python packages.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

# The browser tests drive Debian's Chromium, and flite is one of the callers' voices.
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v flite >/dev/null || missing+=(flite)
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
  else
    echo "Some tests will be skipped. To run them: sudo apt-get install ${missing[*]}"
  fi
fi

$bin/ruff check --no-cache .
$bin/ruff format --no-cache --check .
$bin/lint-imports --no-cache >/dev/null || $bin/lint-imports --no-cache
$bin/pyright
# Calls take the time they take: while one test waits for words to be played, another works.
exec $bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder "$@"
