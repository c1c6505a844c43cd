#!/bin/sh
# 06_mnist.sh PROGRAM ROOT: PROGRAM must learn MNIST to 98 %, and save its weights. Skipped (77)
# without data, but for CI.
. "$(dirname "$0")/common.sh"

need_data
ends 0 "$program" "$data"
cat stdout
[ "$(wc -c <mnist.safetensors)" -gt 407000 ] || complain 'there are no weights'
grep -o '[0-9.]* %' stdout | tail -n 1 | awk '{ found = $1 } END { exit !(found >= 98) }' ||
  complain 'expected 98 %'
ends 1 "$program" nowhere
said 'a folder that does not exist' '*nowhere*'
exit $failed
