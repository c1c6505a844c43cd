#!/bin/sh
# 07_cifar10.sh PROGRAM DATA: PROGRAM must learn images that DATA writes in the format of CIFAR-10, and
# save its weights.
set -eu

program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/images"
"$2" "$work/images"
cd "$work"
"$program" images >stdout
cat stdout
[ "$(wc -c <cifar10.safetensors)" -gt 1800000 ]
grep -o '[0-9.]* %' stdout | tail -n 1 | awk '{ found = $1 } END { exit !(found >= 60) }'

if "$program" nowhere >stdout 2>stderr || ! grep -q nowhere stderr; then
  echo "expected an error that names the folder that does not exist"
  exit 1
fi
