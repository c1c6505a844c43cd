#!/bin/sh
# discover.sh PROGRAM CATCH2_VERSION: prints the CTest commands that make one test of each test case
# of PROGRAM. (Catch2's own script loses names with a lone bracket, such as "[0, 1)".)
set -eu

case $2 in
  2.*) list='--list-test-names-only' flags='-w NoTests' ;;
  *) list='--list-tests --verbosity quiet' flags= ;;
esac
# Catch2 2 lists with the number of tests as its exit code.
{ "$1" $list || true; } | awk -v program="$1" -v flags="$flags" '
  {
    pattern = $0
    gsub(/[][,"\\]/, "\\\\&", pattern)
    printf "add_test([==[%s]==] [==[%s]==] [==[%s]==] %s)\n", $0, program, pattern, flags
    printf "set_tests_properties([==[%s]==] PROPERTIES SKIP_REGULAR_EXPRESSION \"SKIPPED: \")\n", $0
    if (/kept waiting/) # needs idle processors
      printf "set_tests_properties([==[%s]==] PROPERTIES RUN_SERIAL ON)\n", $0
  }
  END { exit NR == 0 }
'
