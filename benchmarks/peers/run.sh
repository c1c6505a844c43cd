#!/bin/sh
# run.sh BUILD_FOLDER [FLAGS]: compares xtape with its peers. Python's are installed from PyPI into a
# virtual environment in the build folder; one that cannot be installed is a row that says so.
set -eu

build=$1
shift
environment=$build/environment
if [ ! -x "$environment/bin/python" ]; then
  python3 -m venv "$environment"
fi
for package in numpy torch jax safetensors onnxruntime; do
  "$environment/bin/pip" show --quiet "$package" 2>/dev/null ||
    "$environment/bin/pip" install --quiet "$package" >&2 || true
done
exec "$environment/bin/python" "$(dirname "$0")/compare.py" "$build" "$@"
