#!/bin/sh
# 06_mnist.sh PROGRAM ROOT: PROGRAM must learn MNIST to 98 %, and save its weights. ROOT is the source
# folder. Skipped (77) without data, but for CI.
set -eu

data=${XTAPE_TEST_MNIST:-$2/../shared/mnist}
if [ ! -d "$data" ]; then
  echo "skipped: $data is no folder with MNIST (XTAPE_TEST_MNIST may name another)"
  [ "${CI:-}" != true ] && exit 77
  exit 1
fi
data=$(cd "$data" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$program" "$data" >stdout
cat stdout
[ "$(wc -c <mnist.safetensors)" -gt 407000 ]
grep -o '[0-9.]* %' stdout | tail -n 1 | awk '{ found = $1 } END { exit !(found >= 98) }'

if "$program" nowhere >stdout 2>stderr || ! grep -q nowhere stderr; then
  echo "expected an error that names the folder that does not exist"
  exit 1
fi
