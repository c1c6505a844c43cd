#!/bin/sh
# run.sh SCRIPT BUILD_FOLDER [FLAGS]: compares xtape with its peers by a script of this folder. Python's are installed from PyPI into a
# virtual environment in the build folder; one that cannot be installed is a row that says so.
set -eu

script=$(dirname "$0")/$1
build=$2
shift 2
environment=$build/environment
if [ ! -x "$environment/bin/python" ]; then
  python3 -m venv "$environment"
fi
for package in numpy torch jax safetensors onnxruntime; do
  "$environment/bin/pip" show --quiet "$package" 2>/dev/null ||
    "$environment/bin/pip" install --quiet "$package" >&2 || true
done
exec "$environment/bin/python" "$script" "$build" "$@"
