#!/bin/sh
# download_test.sh PROGRAM ROOT: runs download_test.py with the real files. PROGRAM is the MNIST
# example, whose command `data` downloads.
. "$(dirname "$0")/../../examples/common.sh"

need_data
command -v python3 >/dev/null || skip 'this test needs python3'
PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/nn/datasets/download_test.py" "$program" "$data"
