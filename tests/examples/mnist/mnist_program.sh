#!/bin/sh
# mnist_program.sh PROGRAM ROOT PART: the MNIST example as its users run it. PART is mistakes or
# synthetic, which need no data, gradients, default, fast, cnn or post.
. "$(dirname "$0")/../common.sh"

# refuses STATUS MESSAGE FLAG...: the program must end with STATUS and say MESSAGE on one line.
refuses() {
  refusing_status=$1
  refusal=$2
  shift 2
  fails "$refusing_status" "$refusal" "$program" "$@"
}

# refuses_values FLAG WANTED VALUE...: each VALUE of FLAG must be refused.
refuses_values() {
  flag=$1
  wanted_values=$2
  shift 2
  for value; do
    refuses 2 "$flag: expected $wanted_values, got ${value:-nothing}" "$flag" "$value"
  done
}

bad_flags() {
  huge=99999999999999999999999
  million='a whole number from 1 to 1000000'
  refuses 2 '--speed: unknown; mnist train --help lists the flags' --speed 3
  refuses 2 'fast: unknown; mnist train --help lists the flags' fast
  refuses_values --epochs "$million" 0 -1 abc 1.5 3x '' 1000001 $huge
  refuses_values --batch-size "$million" 0 -1 abc 1.5 1000001 $huge
  refuses_values --hidden 'whole numbers from 1 to 100000 such as 512,256' 0 -1 abc '' 100001 $huge
  refuses 2 '--hidden: expected whole numbers from 1 to 100000 such as 512,256, got x' \
    --hidden 512,x
  for sizes in 4,,4 4, ,4; do
    refuses 2 "--hidden: an item of '$sizes' is empty" --hidden $sizes
    refuses 2 "--hidden: an item of '$sizes' is empty" --hidden=$sizes
  done
  refuses_values --filters 'whole numbers from 1 to 10000 such as 16,32' 0 -1 abc '' 10001 $huge
  refuses_values --kernel 'a whole number from 1 to 100' 0 -1 abc 101
  refuses 2 '--checkpoints: expected a value, got the flag --resume' --checkpoints --resume
  refuses 2 '--save: expected a value, got the flag --epochs=3' --save --epochs=3
  refuses 2 "--json: expected true or false, got '-3'" --json=-3
  refuses 2 '--resume requires --checkpoints' --resume
  printf 'offline = false\nmirror = "https://localhost:1"\nresume = false\n' >off.toml
  ends 0 "$program" train --config off.toml --dataset synthetic --hidden 4 --epochs 1 --quiet
  refuses_values --threads 'a whole number from 1 to 256' 0 -1 abc 257 $huge
  refuses_values --precision 'one of float32, bfloat16' half BFLOAT16 16
  refuses_values --seed 'a whole number from 0 to 18446744073709551615' -1 abc \
    18446744073709551616 $huge
  refuses_values --learning-rate 'a finite number of at least 0' nan inf -0.1 abc 1e999 0.1x
  refuses_values --momentum 'a number in [0, 1)' 1 nan -0.1 abc
  refuses_values --shift 'a number from 0 to 10000' 1e308 10000.5 -1 nan
  refuses_values --rotation 'a number from 0 to 360' 1e308 361 -1 nan
  refuses_values --shear 'a number from 0 to 10' 1e308 11 -1 nan
  refuses_values --elastic 'a number from 0 to 10000' 1e39 inf -1 nan
  refuses_values --activation 'one of sigmoid, tanh, relu, leaky_relu, gelu' swish
  refuses_values --recipe 'one of default, post, fast, cnn, best' worst
  refuses_values --dataset 'one of mnist, fashion, synthetic' cifar ''
  refuses_values --mirror 'a URL that begins with https://' http://example.com/ ftp://127.0.0.1/
  refuses_values --timeout 'a whole number from 1 to 3600' 0 -1 abc 3601
}

# refuses_empty FLAG WHERE COMMAND...: the line must name WHERE, FLAG and that a value was expected.
refuses_empty() {
  flag=$1
  where=$2
  shift 2
  ends 2 timeout 60 "$program" "$@"
  got=nothing
  ! grep -q '""$' stderr || got='""'
  said "$*" "$where$flag: expected *, got $got"
}

# Every flag that takes a value, of every command, takes no empty one, however it is given. --help
# tells which these are.
empty_values() {
  for command in train evaluate predict export check-gradients data; do
    "$program" $command --help >help
    flags=$(sed -n 's/^ *\(--[a-z-]*\) [A-Z][A-Z].*/\1/p' help)
    case $flags in *--config*) ;; *) complain "$command: found no flags in $(cat help)" ;; esac
    for flag in $flags; do
      refuses_empty "$flag" '' $command "$flag" ''
      refuses_empty "$flag" '' $command "$flag=" "$flag" 3
      [ "$flag" != --config ] || continue
      echo "${flag#--} = ''" >empty.toml
      refuses_empty "${flag#--}" 'empty.toml: line 1: ' $command --config empty.toml
    done
  done
  refuses_empty IMAGE '' predict --weights none ''
  printf 'save = "a\\u0000b"\n' >empty.toml
  refuses 2 'empty.toml: line 1: save: expected a name without a zero byte, got one' \
    --config empty.toml
}

# idx_file NAME BYTES: writes a file of BYTES, as printf spells them.
idx_file() { printf "$2" >"data/$1-ubyte"; }

# small_data: a folder of MNIST's format with two images of one pixel in each part.
small_data() {
  rm -rf data
  mkdir data
  for set in train t10k; do
    idx_file $set-images-idx3 '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\377'
    idx_file $set-labels-idx1 '\0\0\10\1\0\0\0\2\3\7'
  done
}

bad_data() {
  refuses 1 'nowhere: no such folder' --data nowhere
  images=data/train-images-idx3-ubyte
  labels=data/train-labels-idx1-ubyte

  small_data
  gzip -n $images
  head -c 20 $images.gz >$images.cut
  mv $images.cut $images.gz
  ends 1 "$program" --data data
  said 'cut short' "$images.gz: *"

  small_data
  idx_file train-images-idx3 '\1\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\377'
  refuses 1 "$images: begins with 01 00 08 03, expected 00 00 08 03, the magic of an IDX file" \
    --data data

  small_data
  idx_file train-labels-idx1 '\0\0\10\1\0\0\0\3\3\7\1'
  refuses 1 "$images: holds 2 images, but $labels holds 3 labels" --data data
}

# The proof must fail where it should: behind 500 sigmoids gradients are so small that the numbers
# of the tape and those by hand lose their digits.
wrong_gradients() {
  small_data
  deep=$(yes 1 | head -n 500 | tr '\n' ,)
  for command in train check-gradients; do
    refuses 1 'the gradients disagree; mnist check-gradients prints a table' \
      $command --data data --hidden "${deep%,}"
  done
  holds stdout '^dW[0-9]* .*  DISAGREE$'
}

# On black images the rectifiers stand at their kink: right gradients are no reason to refuse.
black_images() {
  small_data
  for set in train t10k; do
    idx_file $set-images-idx3 '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\0'
  done
  ends 0 "$program" check-gradients --data data --activation relu
  holds stdout '^db1 .* at kinks)$'
}

# output_refused FLAG...: the program must say that nobody takes what it prints.
output_refused() {
  for output in /dev/full '&-'; do
    [ "$output" = '&-' ] || [ -c $output ] || continue
    status=0
    eval "\"\$program\" \"\$@\" >$output 2>stderr" || status=$?
    [ "$status" -eq 1 ] || complain "output to $output, $*: exit status $status, not 1"
    said "output to $output, $*" 'cannot write to standard output'
  done
}

# Where memory can be limited (not under sanitizers), the program must say that it wants more.
too_large() {
  (ulimit -v 8000000 && "$program" --version) >version 2>&1 || return 0
  (
    ulimit -v 8000000
    refuses 1 'out of memory: try smaller --hidden or --batch-size' \
      --data data --hidden 100000,100000
    exit $failed
  ) || failed=1
}

mistakes() {
  bad_flags
  empty_values
  bad_data
  wrong_gradients
  black_images
  small_data
  ends 0 "$program" --data data --epochs 1
  output_refused --help
  output_refused check-gradients --data data
  output_refused --data data --epochs 1
  too_large
}

# proves COUNT FLAG...: so many gradients must agree. The table says how well beside each shape, in
# its column "by hand".
proves() {
  count=$1
  shift
  ends 0 "$program" check-gradients --data "$data" "$@"
  cat stdout
  sed -n 's/^d[a-zW]*[0-9] *([^)]*) *\([^ ]*\) .*/\1/p' stdout | awk -v count="$count" '
    !/^[0-9.]+(e-?[0-9]+)?$/ || $1 > 1e-12 { print "by hand: " $1; failed = 1 }
    END { exit failed || NR != count }
  ' || complain "expected $count gradients within 1e-12 of those by hand"
}

gradients() {
  proves 4
  proves 10 --recipe cnn
  # The differences of so many rectifiers meet many kinks: right gradients are no reason to refuse.
  layers=$(yes 32 | head -n 30 | tr '\n' ,)
  ends 0 "$program" check-gradients --data "$data" --activation relu --hidden "${layers%,}" --seed 1
}

# reaches MIN MAX FLAG...: the accuracy after the last epoch must be from MIN to MAX, in percent.
reaches() {
  min=$1
  max=$2
  shift 2
  ends 0 "$program" "$@"
  cat stdout
  accuracy=$(awk '$4 == "%" { last = $3 } END { print last }' stdout)
  awk "BEGIN { exit !(\"$accuracy\" != \"\" && $min <= $accuracy + 0 && $accuracy + 0 <= $max) }" ||
    complain "expected an accuracy from $min to $max %, got $accuracy"
}

# Where there are no data and no network the program says so and trains on digits of its own.
synthetic() {
  unset XTAPE_DATA_DIR
  export XDG_CACHE_HOME="$work/cache"
  reaches 97 99.5 --offline --threads 1
  holds stderr 'these are synthetic digits'
  [ ! -e cache ] || complain 'made a folder without a need'
}

case $3 in
  mistakes | synthetic) $3 ;;
  gradients) need_data && gradients ;;
  default) need_data && reaches 97.8 100 --data "$data" ;;
  fast) need_data && reaches 98 100 --data "$data" --recipe fast ;;
  cnn) need_data && reaches 98 100 --data "$data" --recipe cnn --epochs 1 --warm-up 0.5 ;;
  post) need_data && reaches 87 88.5 --data "$data" --recipe post ;;
  *) complain "unknown part $3" ;;
esac
exit $failed
