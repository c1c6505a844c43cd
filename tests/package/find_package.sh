#!/bin/sh
# find_package.sh FLAGS: builds the consumer with CMake and FLAGS against $PREFIX, and runs it.
set -eu

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
"$CMAKE" -G "$GENERATOR" -S "$(dirname "$0")/consumer" -B "$build" \
  -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$1"
"$CMAKE" --build "$build"
"$build/consumer"
