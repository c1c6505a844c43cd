#!/bin/sh
# safetensors.sh EXCHANGE VENV: runs check_safetensors.py in the virtual environment VENV, which is
# made, with NumPy and safetensors from PyPI, when it is not there yet.
set -eu

exchange=$1
venv=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# unavailable REASON: the test is skipped, or fails where it must run.
unavailable() {
  echo "this test needs $1"
  [ "${CI:-}" != true ] && [ "${XTAPE_REQUIRE_DATA:-}" != 1 ] && exit 77
  exit 1
}

if ! "$venv/bin/python" -c 'import numpy, safetensors' 2>"$work/log"; then
  command -v python3 >"$work/log" || unavailable 'python3'
  python3 -m venv --clear "$venv" >"$work/log" 2>&1 || {
    cat "$work/log"
    unavailable "Python's venv (Debian: python3-venv)"
  }
  "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt" >"$work/log" 2>&1 || {
    cat "$work/log"
    unavailable 'NumPy and safetensors from PyPI'
  }
fi
"$venv/bin/python" "$here/check_safetensors.py" "$exchange" "$work"
