#!/bin/sh
# download_test.sh PROGRAM ROOT: runs download_test.py with the real files.
. "$(dirname "$0")/common.sh"

need_data
command -v python3 >/dev/null || skip 'this test needs python3'
PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/examples/mnist/download_test.py" "$mnist" "$data" ||
  failed=1
exit $failed
