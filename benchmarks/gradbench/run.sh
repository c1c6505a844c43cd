#!/bin/sh
# run.sh TOOL FOLDER [FLAGS]: runs evals of the checkout GRADBENCH on the program TOOL and on the
# tools of the checkout that can be built. What it makes is in FOLDER, also a virtual environment with
# what the evals need from PyPI.
set -eu

tool=$1
folder=$2
shift 2
mkdir -p "$folder"
environment=$folder/environment
if ! "$environment/bin/python" -c 'import dataclasses_json, numpy, pydantic, scipy' 2>/dev/null; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet dataclasses-json numpy pydantic scipy >&2
fi
exec "$environment/bin/python" "$(dirname "$0")/compare.py" "$tool" "$folder" "$GRADBENCH" "$@"
