#!/bin/sh
# find_package.sh FLAGS: builds the consumer with CMake and FLAGS against $PREFIX, and runs it.
set -eu

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
"$CMAKE" -G "$GENERATOR" -S "$(dirname "$0")/consumer" -B "$build" \
  -DCMAKE_PREFIX_PATH="$PREFIX" -DVERSION="$VERSION" \
  -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$1"
"$CMAKE" --build "$build"
"$build/consumer"
"$build/components" "$build/report"

# A missing component is named.
if "$CMAKE" -G "$GENERATOR" -S "$(dirname "$0")/consumer" -B "$build/missing" \
  -DCMAKE_PREFIX_PATH="$PREFIX" -DVERSION="$VERSION" -DCMAKE_CXX_COMPILER="$CXX" \
  -DCOMPONENTS="report;teapot" >"$build/log" 2>&1 || ! tr -s '\n ' ' ' <"$build/log" |
  grep -q "This xtape has no component 'teapot', only: datasets;onnx;png;report"; then
  cat "$build/log"
  echo "expected an error that names the missing component"
  exit 1
fi
