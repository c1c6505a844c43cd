#!/bin/sh
# in_venv.sh VENV PACKAGES SCRIPT [ARGUMENT...]: runs a Python script with the arguments and a folder
# for its files. It runs in the virtual environment VENV, which is made, with the packages of the file
# PACKAGES from PyPI, when it is not there yet.
set -eu

venv=$1
packages=$2
script=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# unavailable REASON: the test is skipped, or fails where it must run.
unavailable() {
  echo "this test needs $1"
  [ "${CI:-}" != true ] && [ "${XTAPE_REQUIRE_DATA:-}" != 1 ] && exit 77
  exit 1
}

names=$(sed 's/[<>=].*//' "$packages" | paste -s -d , -)
if ! "$venv/bin/python" -c "import $names" 2>"$work/log"; then
  command -v python3 >"$work/log" || unavailable 'python3'
  python3 -m venv --clear "$venv" >"$work/log" 2>&1 || {
    cat "$work/log"
    unavailable "Python's venv (Debian: python3-venv)"
  }
  "$venv/bin/pip" install --quiet --requirement "$packages" >"$work/log" 2>&1 || {
    cat "$work/log"
    unavailable "$names from PyPI"
  }
fi
"$venv/bin/python" "$script" "$@" "$work"
