#!/bin/sh
# download_test.sh PROGRAM ROOT: runs download_test.py with the real files, or reports itself as
# skipped (77) where they or Python are missing; where data are a must it fails.
set -eu

skip() {
  echo "$1"
  [ -z "${XTAPE_TEST_MNIST:-}" ] && [ "${CI:-}" != true ] && [ "${XTAPE_REQUIRE_DATA:-}" != 1 ] &&
    exit 77
  exit 1
}

data=${XTAPE_TEST_MNIST:-$2/../shared/mnist}
[ -d "$data" ] ||
  skip "this test needs data, but $data is no folder (XTAPE_TEST_MNIST may name another)"
command -v python3 >/dev/null || skip 'this test needs python3'
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$2/tests/examples/mnist/download_test.py" "$1" "$data"
