#!/bin/sh
# 08_table.sh PROGRAM ROOT: examples/08_table.cpp on a table that this script makes: it learns, is
# killed, resumes to the same result, and says what is wrong with a file.
. "$(dirname "$0")/common.sh"

# Points in a square of ten; the class is whether they lie in a circle.
awk 'BEGIN {
  srand(7)
  print "x,y,class"
  for (i = 0; i < 4000; ++i) {
    x = 10 * rand(); y = 10 * rand()
    print x "," y "," ((x - 5)^2 + (y - 5)^2 < 16 ? "inside" : "outside")
  }
}' >points.csv

"$program" points.csv whole >whole.txt 2>whole.err || complain "exit status $?: $(cat whole.err)"
awk '/^accuracy/ && $2 > 90 { good = 1 } END { exit !good }' whole.txt || complain "$(cat whole.txt)"
grep -q '^epoch 1/100: loss [0-9.]*, accuracy 0' whole.err || complain "progress: $(cat whole.err)"
[ -s whole/report/index.html ] || complain 'there is no report'

"$program" points.csv killed >killed.txt 2>killed.err &
begun() { ls killed/checkpoint-*; }
wait_for begun
kill -s KILL $! || true # it may have ended by itself
wait $! || true
"$program" points.csv killed >killed.txt 2>killed.err || complain "resumed: exit status $?"
cmp killed/model.safetensors whole/model.safetensors || complain 'resumed: other weights'
[ "$(cut -d, -f1 killed.txt)" = "$(cut -d, -f1 whole.txt)" ] || complain "resumed: $(cat killed.txt)"

"$program" points.csv stopped >stopped.txt 2>stopped.err &
begun() { ls stopped/checkpoint-*; }
wait_for begun
kill -s TERM $! || true # it may have ended by itself
status=0
wait $! || status=$?
case $status in
  0) grep -q '^accuracy' stopped.txt || complain "not interrupted: $(cat stopped.err)" ;;
  143)
    [ "$(tail -n 1 stopped.err)" = 'interrupted; the run is saved in stopped' ] ||
      complain "interrupted: $(cat stopped.err)"
    ;;
  *) complain "interrupted: exit status $status" ;;
esac

printf 'x,y,class\n1,?,a\n' >bad.csv
ends 1 "$program" bad.csv bad
said 'a bad file' 'bad.csv: *'
exit $failed
