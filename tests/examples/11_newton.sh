#!/bin/sh
# 11_newton.sh PROGRAM: Newton's method brings the loss below 0.01, and it falls all the way.
set -eu

"$1" | awk '
  { print }
  $1 == "iteration" {
    loss = $4 + 0
    if (count++ && loss >= before) { print "the loss rose to " loss; failed = 1 }
    before = loss
  }
  END {
    if (count < 5 || before >= 0.01) { print "expected a loss below 0.01"; failed = 1 }
    exit failed
  }
'
