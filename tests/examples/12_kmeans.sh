#!/bin/sh
# 12_kmeans.sh PROGRAM: the means that 12_kmeans.cpp finds are those of the groups of points, which
# lie around (0, 0), (5, 1) and (2, 6).
set -eu

"$1" | awk '
  function near(x, want) { return x > want - 0.3 && x < want + 0.3 }
  { print }
  $3 == "cost" {
    if (steps++ && $4 > cost) { print "the cost rose"; failed = 1 }
    same = $4 == cost
    cost = $4 + 0
  }
  $1 == "mean" {
    found += near($2, 0) && near($3, 0) || near($2, 5) && near($3, 1) || near($2, 2) && near($3, 6)
  }
  END {
    if (!same) { print "expected a cost that does not change any more"; failed = 1 }
    if (found != 3) { print "expected three means, found " found; failed = 1 }
    exit failed
  }
'
