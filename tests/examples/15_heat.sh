#!/bin/sh
# 15_heat.sh PROGRAM: the network is at most 5e-3 from the solution by finite differences.
set -eu

"$1" | awk '
  { print }
  /differs from that/ { found = 1; error = $NF + 0 }
  END {
    if (!found || error > 0.005) { print "expected a difference of at most 0.005"; exit 1 }
  }
'
