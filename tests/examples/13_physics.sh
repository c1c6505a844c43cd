#!/bin/sh
# 13_physics.sh PROGRAM: the network is at most 2e-3 from the sine.
set -eu

"$1" | awk '
  { print }
  /differs from the sine/ { found = 1; error = $NF + 0 }
  END {
    if (!found || error > 0.002) { print "expected a difference of at most 0.002"; exit 1 }
  }
'
