#!/bin/sh
# expect.sh FILE PROGRAM: runs PROGRAM and compares its output with FILE, line by line and word by
# word. Numbers may differ by 1 % or 0.001, whichever is more: processors round differently.
set -eu

output=$("$2")
printf '%s\n' "$output" | awk -v expected="$1" '
  function is_number(word) { return word ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/ }
  function absolute(x) { return x < 0 ? -x : x }
  function same(got, want, difference) {
    if (!is_number(got) || !is_number(want)) return got == want
    difference = absolute(got - want)
    return difference <= 0.001 || difference <= 0.01 * absolute(want)
  }
  function complain(got, want) {
    printf "line %d of %s\n  expected: %s\n  got:      %s\n", NR, expected, want, got
    failed = 1
  }
  {
    if ((getline want < expected) <= 0) { complain($0, "(nothing)"); next }
    got = $0
    gsub(/[][(){},:=]/, " & ", got)
    spaced = want
    gsub(/[][(){},:=]/, " & ", spaced)
    words = split(got, a)
    if (split(spaced, b) != words) { complain($0, want); next }
    for (i = 1; i <= words; ++i)
      if (!same(a[i], b[i])) { complain($0, want); next }
  }
  END {
    ++NR
    if ((getline want < expected) > 0) complain("(nothing)", want)
    exit failed
  }
'
