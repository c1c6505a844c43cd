#!/bin/sh
# report.sh PROGRAM ROOT: trains and opens the report in headless Chromium: every part must be in the
# rendered page, and the console must stay empty. Skipped (77) without Chromium or data, but for CI.
. "$(dirname "$0")/../common.sh"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  skip 'there is no Chromium on this machine'
[ -d "$data" ] || skip "$data is not a folder with MNIST (XTAPE_TEST_MNIST may name another)"

"$program" train --data "$data" --epochs 2 --hidden 16 --report out >table
[ "$(wc -c <out/index.html)" -lt 3000000 ] || complain "the page has $(wc -c <out/index.html) bytes"
[ "$(wc -l <out/metrics.csv)" -eq 3 ] || complain 'metrics.csv: expected three lines'

status=0
timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
  --user-data-dir="$work/profile" --enable-logging=stderr --virtual-time-budget=10000 \
  --dump-dom "file://$work/out/index.html" >dom 2>log || status=$?
[ "$status" -eq 0 ] || complain "$browser ended with $status: $(tail -n 5 log)"
! grep CONSOLE log || complain 'the console is not empty'

# has COUNT PATTERN: at least COUNT matches must be in the rendered page.
has() {
  found=$(grep -o -- "$2" dom | wc -l)
  [ "$found" -ge "$1" ] || complain "expected $1 times $2 in the page, found $found"
}

for part in data curves confusion misses units gradients weights check configuration; do
  has 1 "<section id=\"$part\""
  has 1 "href=\"#$part\""
done
has 100 '<img class="ink"'   # ten of each digit
has 16 '<img class="weights"' # one of each hidden unit
has 24 'class="card miss"'
has 100 'class="right"\|class="wrong"'
has 3 '<path class="line"'
has 16 'class="ridge"' # two epochs of four parameters, gradients and weights
has 4 '<td>agrees</td>'
has 1 'href="metrics.csv"'
sed 's/data:image[^"]*/data:/g' dom >text # without what may look like anything
for fault in 'alt=""' '<script' 'NaN' '="[^"]*nan' '="[^"]*inf[ "]' 'https*://'; do
  ! grep -q -- "$fault" text || complain "the page has $fault"
done
! grep -o '\(src\|href\)="[^"]*"' text | grep -v '"data:[,"]\|"#\|"metrics.csv"' ||
  complain 'the page refers to something else'
exit $failed
