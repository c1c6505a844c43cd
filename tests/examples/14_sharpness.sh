#!/bin/sh
# 14_sharpness.sh PROGRAM ROOT: PROGRAM writes a report with the largest eigenvalue of each epoch.
# Skipped (77) without data, but for CI.
. "$(dirname "$0")/common.sh"

need_data
ends 0 "$program" "$data"
cat stderr
[ "$(grep -c 'largest eigenvalue' stderr)" -ge 5 ] || complain 'expected five eigenvalues'
grep -o 'largest eigenvalue [-0-9.e]*' stderr | awk '
  $3 < 0.5 || $3 > 500 { print "an eigenvalue of " $3; failed = 1 }
  END { exit failed }
' || complain 'expected eigenvalues between 0.5 and 500'
grep -q 'largest eigenvalue' sharpness/index.html || complain 'the report has no curve of them'
ends 1 "$program" nowhere
said 'a folder that does not exist' '*nowhere*'
exit $failed
