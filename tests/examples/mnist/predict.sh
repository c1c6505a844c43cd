#!/bin/sh
# predict.sh PROGRAM ROOT: what `PROGRAM predict` prints for pictures, on a network that it has
# trained.
. "$(dirname "$0")/../common.sh"

need_data
images=$(ls "$data"/t10k-images* | head -n 1)
"$program" train --data "$data" --epochs 1 --hidden 32 --save weights >table
predict() { "$program" predict --weights weights "$@"; }

# The first test images of MNIST are 7, 2, 1 and 0.
ends 0 predict --json "$images:0" "$images:1" "$images:2" "$images:3"
digits=$(sed -n 's/.*"class":\([0-9]\),.*/\1/p' stdout | tr -d '\n')
[ "$digits" = 7210 ] || complain "expected 7210, got $digits: $(cat stdout)"
[ "$(grep -c '"probabilities":\[' stdout)" -eq 4 ] || complain 'expected four lines of JSON'

# So does a network with convolutions, whose file describes it.
"$program" train --data "$data" --recipe cnn --epochs 1 --warm-up 0 --filters 4,8 --hidden 32 \
  --save convolutional >table
ends 0 "$program" predict --weights convolutional --json "$images:0"
holds stdout '"class":7,'

# Plain where there is no terminal, and seven bits where the locale has no more.
for locale in C C.UTF-8; do
  LC_ALL=$locale predict "$images:0" >$locale
  holds $locale "^$images:0: 7 ("
  ! grep -q "$(printf '\033')" $locale || complain "$locale: escape sequences in a file"
done
! LC_ALL=C grep '[^ -~]' C || complain 'more than seven bits in the C locale'
holds C.UTF-8 '█'

# One that cannot be read is named, and the others are read nevertheless.
echo 'no picture' >bad.png
ends 1 predict bad.png "$images:0" "$images:99999"
holds stdout ': 7 ('
holds stderr '^mnist: bad.png: does not begin as a PNG file$'
holds stderr "^mnist: $images: holds 10000 images, so there is no number 99999"
ends 2 "$program" predict "$images:0"
exit $failed
