#!/bin/sh
# predict.sh PROGRAM ROOT: what `PROGRAM predict` prints for pictures, on a network that it has
# trained; ROOT is the source folder. Skipped (77) without MNIST, but for CI.
set -eu

mnist=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
  printf '%s\n' "$*"
  failed=1
}

data=${XTAPE_TEST_MNIST:-$root/../shared/mnist}
if [ ! -d "$data" ]; then
  echo "this test needs data, but $data is no folder (XTAPE_TEST_MNIST may name another)"
  [ -z "${XTAPE_TEST_MNIST:-}" ] && [ "${CI:-}" != true ] && [ "${XTAPE_REQUIRE_DATA:-}" != 1 ] &&
    exit 77
  exit 1
fi
images=$(ls "$data"/t10k-images* | head -n 1)
weights=$work/m.safetensors
"$mnist" train --data "$data" --epochs 1 --hidden 32 --save "$weights" >"$work/stdout"

# The first test images of MNIST are 7, 2, 1 and 0.
"$mnist" predict --weights "$weights" --json "$images:0" "$images:1" "$images:2" "$images:3" \
  >"$work/json"
digits=$(sed -n 's/.*"class":\([0-9]\),.*/\1/p' "$work/json" | tr -d '\n')
[ "$digits" = 7210 ] || complain "expected 7210, got $digits: $(cat "$work/json")"
[ "$(grep -c '"probabilities":\[' "$work/json")" -eq 4 ] || complain 'expected four lines of JSON'

# Plain where there is no terminal, and seven bits where the locale has no more.
for locale in C C.UTF-8; do
  LC_ALL=$locale "$mnist" predict --weights "$weights" "$images:0" >"$work/plain"
  grep -q "^$images:0: 7 (" "$work/plain" || complain "$locale: $(cat "$work/plain")"
  ! grep -q "$(printf '\033')" "$work/plain" || complain "$locale: escape sequences in a file"
done
LC_ALL=C "$mnist" predict --weights "$weights" "$images:0" | LC_ALL=C grep -q '[^ -~]' &&
  complain 'more than seven bits in the C locale'
LC_ALL=C.UTF-8 "$mnist" predict --weights "$weights" "$images:0" | grep -q '█' ||
  complain 'no blocks in a UTF-8 locale'

# One that cannot be read is named, and the others are read nevertheless.
status=0
echo 'no picture' >"$work/bad.png"
"$mnist" predict --weights "$weights" "$work/bad.png" "$images:0" "$images:99999" \
  >"$work/stdout" 2>"$work/stderr" || status=$?
[ "$status" -eq 1 ] || complain "exit status $status, not 1"
grep -q ': 7 (' "$work/stdout" || complain "did not read on: $(cat "$work/stdout")"
grep -q "^mnist: $work/bad.png: is no intact PNG picture: " "$work/stderr" &&
  grep -q "^mnist: $images: holds 10000 images, so there is no number 99999" "$work/stderr" ||
  complain "said $(cat "$work/stderr")"

status=0
"$mnist" predict "$images:0" >"$work/stdout" 2>"$work/stderr" || status=$?
[ "$status" -eq 2 ] || complain "without weights: exit status $status, not 2"
exit $failed
