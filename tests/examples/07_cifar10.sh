#!/bin/sh
# 07_cifar10.sh PROGRAM ROOT DATA: PROGRAM must learn images that DATA writes in the format of CIFAR-10,
# and save its weights.
images=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
. "$(dirname "$0")/common.sh"

mkdir images
"$images" images
ends 0 "$program" images
cat stdout
[ "$(wc -c <cifar10.safetensors)" -gt 1800000 ] || complain 'there are no weights'
grep -o '[0-9.]* %' stdout | tail -n 1 | awk '{ found = $1 } END { exit !(found >= 60) }' ||
  complain 'expected 60 %'
ends 1 "$program" nowhere
said 'a folder that does not exist' '*nowhere*'
exit $failed
