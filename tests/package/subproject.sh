#!/bin/sh
# subproject.sh COMPILER ROOT WARNINGS: compiles the consumer, with WARNINGS that are errors, in a
# project that has xtape as a part: they then apply to xtape's headers and to what CMake looks for.
set -eu

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
status=0
"$CMAKE" -G "$GENERATOR" -S "$(dirname "$0")/subproject" -B "$build" -DXTAPE="$2" \
  -DCMAKE_CXX_COMPILER="$1" -DCMAKE_CXX_FLAGS="-Werror $3" >"$build/log" 2>&1 || status=$?
cat "$build/log"
if grep -q 'cannot compile xtensor' "$build/log"; then
  exit 77
elif [ $status -ne 0 ]; then
  exit $status
fi
"$CMAKE" --build "$build" --target consumer
