#!/bin/sh
# pkg_config.sh FLAGS: builds the consumer with pkg-config and FLAGS against $PREFIX, and runs it.
set -eu

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
# Unquoted: these are lists of flags.
"$CXX" -std=c++20 $1 $(pkg-config --cflags xtape) "$(dirname "$0")/consumer/main.cpp" \
  -o "$build/consumer" $(pkg-config --libs xtape)
"$build/consumer"
"$CXX" -std=c++20 $1 $(pkg-config --cflags xtape-datasets xtape-onnx xtape-report) \
  "$(dirname "$0")/consumer/components.cpp" -o "$build/components" \
  $(pkg-config --libs xtape-datasets xtape-onnx xtape-report)
"$build/components" "$build/report"
