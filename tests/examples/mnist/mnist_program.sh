#!/bin/sh
# mnist_program.sh PART PROGRAM ROOT: runs PROGRAM, the MNIST example, as its users do. PART is
# mistakes, synthetic (which need no data), gradients, default, fast or post. ROOT is the source
# folder.
set -eu

part=$1
mnist=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
  printf '%s\n' "$*"
  failed=1
}

# refuses STATUS MESSAGE FLAG...: the program must end with STATUS and say MESSAGE on one line.
refuses() {
  wanted_status=$1
  wanted="mnist: $2"
  shift 2
  status=0
  "$mnist" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
  [ "$status" -eq "$wanted_status" ] || complain "$*: exit status $status, not $wanted_status"
  [ "$(cat "$work/stderr")" = "$wanted" ] || complain "$*: said
  $(cat "$work/stderr")
instead of
  $wanted"
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
  refuses_values --threads 'a whole number from 1 to 256' 0 -1 abc 257 $huge
  refuses_values --seed 'a whole number from 0 to 18446744073709551615' -1 abc \
    18446744073709551616 $huge
  refuses_values --learning-rate 'a finite number of at least 0' nan inf -0.1 abc 1e999 0.1x
  refuses_values --momentum 'a number in [0, 1)' 1 nan -0.1 abc
  refuses_values --shift 'a number from 0 to 10000' 1e308 10000.5 -1 nan
  refuses_values --rotation 'a number from 0 to 360' 1e308 361 -1 nan
  refuses_values --shear 'a number from 0 to 10' 1e308 11 -1 nan
  refuses_values --elastic 'a number from 0 to 10000' 1e39 inf -1 nan
  refuses_values --activation 'one of sigmoid, tanh, relu, leaky_relu, gelu' swish
  refuses_values --recipe 'one of default, post, fast, best' worst
  refuses_values --dataset 'one of mnist, fashion, synthetic' cifar ''
  refuses_values --mirror 'a URL that begins with https://' http://example.com/ ftp://127.0.0.1/
  refuses_values --timeout 'a whole number from 1 to 3600' 0 -1 abc 3601
}

# refuses_empty FLAG WHERE COMMAND...: the line must name WHERE, FLAG and that a value was expected.
refuses_empty() {
  flag=$1
  where=$2
  shift 2
  status=0
  timeout 60 "$mnist" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
  [ "$status" -eq 2 ] || complain "$*: exit status $status, not 2"
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || complain "$*: said $(cat "$work/stderr")"
  case $(cat "$work/stderr") in
    "mnist: $where$flag: expected "*", got nothing" | "mnist: $where$flag: expected "*', got ""') ;;
    *) complain "$*: said $(cat "$work/stderr")" ;;
  esac
}

# Every flag that takes a value, of every command, takes no empty one, however it is given. --help
# tells which these are.
empty_values() {
  file=$work/empty.toml
  for command in train evaluate predict check-gradients data; do
    "$mnist" $command --help >"$work/help"
    flags=$(sed -n 's/^ *\(--[a-z-]*\) [A-Z][A-Z].*/\1/p' "$work/help")
    case $flags in *--config*) ;; *) complain "$command: found no flags in $(cat "$work/help")" ;; esac
    for flag in $flags; do
      refuses_empty "$flag" '' $command "$flag" ''
      refuses_empty "$flag" '' $command "$flag=" "$flag" 3
      [ "$flag" != --config ] || continue
      echo "${flag#--} = ''" >"$file"
      refuses_empty "${flag#--}" "$file: line 1: " $command --config "$file"
    done
  done
  refuses_empty IMAGE '' predict --weights "$work/none" ''
  printf 'save = "a\\u0000b"\n' >"$file"
  refuses 2 "$file: line 1: save: expected a name without a zero byte, got one" --config "$file"
}

# idx_file NAME BYTES: writes a file of BYTES, as printf spells them.
idx_file() { printf "$2" >"$work/data/$1-ubyte"; }

# small_data: a folder of MNIST's format with two images of one pixel in each part.
small_data() {
  rm -rf "$work/data"
  mkdir "$work/data"
  for set in train t10k; do
    idx_file $set-images-idx3 '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\377'
    idx_file $set-labels-idx1 '\0\0\10\1\0\0\0\2\3\7'
  done
}

bad_data() {
  refuses 1 "$work/nowhere: no such folder" --data "$work/nowhere"
  images=$work/data/train-images-idx3-ubyte
  labels=$work/data/train-labels-idx1-ubyte

  small_data
  gzip -n "$images"
  head -c 20 "$images.gz" >"$images.cut"
  mv "$images.cut" "$images.gz"
  refuses_file "$images.gz"

  small_data
  idx_file train-images-idx3 '\1\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\377'
  refuses 1 "$images: begins with 01 00 08 03, expected 00 00 08 03, the magic of an IDX file" \
    --data "$work/data"

  small_data
  idx_file train-labels-idx1 '\0\0\10\1\0\0\0\3\3\7\1'
  refuses 1 "$images: holds 2 images, but $labels holds 3 labels" --data "$work/data"
}

# refuses_file FILE: the program must refuse the folder with one line that begins with FILE.
refuses_file() {
  status=0
  "$mnist" --data "$work/data" >"$work/stdout" 2>"$work/stderr" || status=$?
  [ "$status" -eq 1 ] || complain "$1: exit status $status, not 1"
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || complain "$1: said $(cat "$work/stderr")"
  case $(cat "$work/stderr") in
    "mnist: $1: "*) ;;
    *) complain "not about $1: $(cat "$work/stderr")" ;;
  esac
}

# The proof must fail where it should: behind 500 sigmoids gradients are so small that the numbers
# of the tape and those by hand lose their digits.
wrong_gradients() {
  small_data
  deep=$(yes 1 | head -n 500 | tr '\n' ,)
  for command in train check-gradients; do
    refuses 1 'the gradients disagree; mnist check-gradients prints a table' \
      $command --data "$work/data" --hidden "${deep%,}"
  done
  grep -q '^dW[0-9]* .*  DISAGREE$' "$work/stdout" || complain "no DISAGREE in $(cat "$work/stdout")"
}

# On black images the rectifiers stand at their kink: right gradients are no reason to refuse.
black_images() {
  small_data
  for set in train t10k; do
    idx_file $set-images-idx3 '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\0'
  done
  "$mnist" check-gradients --data "$work/data" --activation relu >"$work/stdout" ||
    complain "black images: exit status $?, $(cat "$work/stdout")"
  grep -q '^db1 .* at kinks)$' "$work/stdout" || complain "no word of kinks in $(cat "$work/stdout")"
}

# output_refused FLAG...: the program must say that nobody takes what it prints.
output_refused() {
  for output in full closed; do
    status=0
    if [ $output = closed ]; then
      "$mnist" "$@" >&- 2>"$work/stderr" || status=$?
    elif [ -c /dev/full ]; then
      "$mnist" "$@" >/dev/full 2>"$work/stderr" || status=$?
    else
      continue
    fi
    [ "$status" -eq 1 ] || complain "$output output, $*: exit status $status, not 1"
    [ "$(cat "$work/stderr")" = 'mnist: cannot write to standard output' ] ||
      complain "$output output, $*: said $(cat "$work/stderr")"
  done
}

# Where memory can be limited (not under sanitizers), the program must say that it wants more.
too_large() {
  (ulimit -v 8000000 && "$mnist" --version) >/dev/null 2>&1 || return 0
  (
    ulimit -v 8000000
    refuses 1 'out of memory: try smaller --hidden or --batch-size' \
      --data "$work/data" --hidden 100000,100000
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
  "$mnist" --data "$work/data" --epochs 1 >/dev/null || complain 'does not train on small data'
  output_refused --help
  output_refused check-gradients --data "$work/data"
  output_refused --data "$work/data" --epochs 1
  too_large
}

# need_data: sets `data`, the folder of the real files; else the test is skipped, or fails where
# data are a must.
need_data() {
  data=${XTAPE_TEST_MNIST:-$1/../shared/mnist}
  [ -d "$data" ] && return
  echo "this test needs data, but $data is no folder (XTAPE_TEST_MNIST may name another)"
  [ -z "${XTAPE_TEST_MNIST:-}" ] && [ "${CI:-}" != true ] && [ "${XTAPE_REQUIRE_DATA:-}" != 1 ] &&
    exit 77
  exit 1
}

# What the table says beside each of the four shapes, in its column "by hand".
gradients() {
  "$mnist" check-gradients --data "$data" >"$work/stdout" || complain "exit status $?, not 0"
  cat "$work/stdout"
  sed -n 's/^d[Wb][0-9] *([^)]*) *\([^ ]*\) .*/\1/p' "$work/stdout" | awk '
    !/^[0-9.]+(e-?[0-9]+)?$/ || $1 > 1e-12 { print "by hand: " $1; failed = 1 }
    END { exit failed || NR != 4 }
  ' || complain 'expected four gradients within 1e-12 of those by hand'
}

# trains MIN MAX FLAG...: the accuracy after the last epoch must be from MIN to MAX, in percent.
trains() {
  min=$1
  max=$2
  shift 2
  "$mnist" --data "$data" "$@" >"$work/stdout" || complain "exit status $?, not 0"
  accuracy_from "$min" "$max"
}

# accuracy_from MIN MAX: that of the last epoch in $work/stdout, in percent.
accuracy_from() {
  cat "$work/stdout"
  accuracy=$(awk '$4 == "%" { last = $3 } END { print last }' "$work/stdout")
  awk "BEGIN { exit !(\"$accuracy\" != \"\" && $1 <= $accuracy + 0 && $accuracy + 0 <= $2) }" ||
    complain "expected an accuracy from $1 to $2 %, got $accuracy"
}

# Where there are no data and no network the program says so and trains on digits of its own.
synthetic() {
  unset XTAPE_DATA_DIR
  export XDG_CACHE_HOME="$work/cache"
  "$mnist" --offline --threads 1 >"$work/stdout" 2>"$work/stderr" || complain "exit status $?, not 0"
  accuracy_from 97 99.5
  grep -q 'these are synthetic digits' "$work/stderr" || complain 'does not say what the digits are'
  [ ! -e "$work/cache" ] || complain 'made a folder without a need'
}

case $part in
  mistakes) mistakes ;;
  gradients) need_data "$3" && gradients ;;
  default) need_data "$3" && trains 97.8 100 ;;
  synthetic) synthetic ;;
  fast) need_data "$3" && trains 98 100 --recipe fast ;;
  post) need_data "$3" && trains 87 88.5 --recipe post ;;
  *) complain "unknown part $part" ;;
esac
exit $failed
