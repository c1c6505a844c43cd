#!/bin/sh
# cifar10_program.sh PROGRAM ROOT SHAPES: the CIFAR-10 example as its users run it, on shapes that
# the program SHAPES writes in the format of CIFAR-10: training, going on after a signal, evaluating,
# predicting, the report, and what it refuses.
shapes=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
. "$(dirname "$0")/../common.sh"
unset XTAPE_DATA_DIR
export HOME="$work" XDG_CACHE_HOME="$work/cache" OMP_NUM_THREADS=2
cifar10=$program
mkdir shapes
"$shapes" shapes

# train FLAG...: a tiny network on 1500 shapes, the same bits every time.
small='--data shapes --deterministic --recipe fast --widths 8,8 --batch-size 100'
train() { "$cifar10" train $small --epochs 2 "$@"; }

trained() {
  ends 0 train --save weights --report out
  holds stdout '^[0-9]* training and [0-9]* test images of 32 x 32 pixels from shapes$'
  holds stdout '^dW3 .* elements'
  [ "$(grep -c '^ *[12]  [0-9.]*  *[0-9.]* %$' stdout)" -eq 2 ] || complain "$(cat stdout)"
  tail -n 3 stdout | head -n 1 >result
  ends 0 "$cifar10" evaluate --data shapes --weights weights --quiet
  [ "$(sed 's/ after.*//' result)" = "$(cat stdout)" ] ||
    complain "evaluate: $(cat stdout), but training ended with $(cat result)"
  for part in data curves confusion misses filters maps gradients weights check configuration; do
    holds out/index.html "<section id=\"$part\""
  done
  train --json >again
  [ "$(wc -l <again)" -eq 2 ] || complain "--json: $(cat again)"
  train --json | cmp - again || complain 'two deterministic runs differ'
}

# A run that is interrupted goes on to the same bits: orders, crops, flips, running statistics and
# averages. They are what is saved.
resumed() {
  small="$small --average 0.9 --cutout 8"
  train --epochs 6 --json --save whole >whole.json
  ends 0 "$cifar10" evaluate --data shapes --weights whole --json
  accuracy=$(sed 's/.*"test_accuracy":\([0-9.]*\).*/\1/' stdout)
  holds whole.json "\"epoch\":6,.*\"test_accuracy\":$accuracy,"
  env --default-signal=INT "$cifar10" train $small --epochs 6 --json --checkpoints kept \
    --save-every 5 >part.json 2>background.err &
  wait_for grep -q epoch part.json
  kill -s INT $!
  status=0
  wait $! || status=$?
  [ "$status" -eq 130 ] || complain "interrupted: ended with $status: $(cat background.err)"
  train --epochs 6 --json --checkpoints kept --resume --save resumed >rest.json
  cat part.json rest.json | cmp - whole.json || complain 'goes on differently'
  cmp resumed whole || complain 'ends with other weights'
  ends 1 train --epochs 6 --json --checkpoints kept --resume --crop 1
  holds stderr "is of another run: 'crop' is '2', this run has '1'"
}

# The bytes of a PNG picture of 2 x 3 pixels: red, green and blue above white, black and grey.
png='\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\003'\
'\000\000\000\002\010\002\000\000\000\022\026\361\115\000\000\000\025\111\104\101'\
'\124\170\234\143\370\317\300\300\000\301\377\377\203\350\206\206\006\000\107\317'\
'\007\173\323\372\262\102\000\000\000\000\111\105\116\104\256\102\140\202'

# batch FILE COUNT: a binary file of CIFAR-10 with COUNT images of one colour.
batch() { head -c $(($2 * 3073)) /dev/zero | tr '\0' '\3' >"$1"; }

predicted() {
  batch images.bin 2
  ends 0 "$cifar10" predict --weights weights --json images.bin:0 images.bin:1
  [ "$(grep -c '"probabilities":\[' stdout)" -eq 2 ] || complain 'expected two lines of JSON'
  LC_ALL=C ends 0 "$cifar10" predict --weights weights images.bin:0
  [ "$(wc -l <stdout)" -eq 19 ] || complain "predict: $(cat stdout)"
  printf "$png" >small.png
  ends 0 "$cifar10" predict --weights weights small.png
  holds stdout '^small.png: '
  echo 'no picture' >bad.png
  ends 1 "$cifar10" predict --weights weights bad.png images.bin:0 images.bin:2
  holds stdout '^images.bin:0: '
  holds stderr '^cifar10: bad.png: does not begin as a PNG file$'
  holds stderr '^cifar10: images.bin: holds 2 images, so there is no number 2 (from 0)'
}

# What the file computes, the test `python: onnx` checks.
exported() {
  "$cifar10" export --weights weights --onnx colours.onnx >stdout 2>stderr || {
    holds stderr '^cifar10: colours.onnx: this program was built without protozero'
    return
  }
  holds stdout "^colours.onnx: 'pixels' (batch, 32, 32, 3), bytes divided by 255, to 'logits' (batch, 10)$"
  for text in pixels logits batch classes 'layer 2 (GELU)/Erf' 3.weight 0.deviation; do
    grep -qaF "$text" colours.onnx || complain "colours.onnx has no $text"
  done
  ends 1 "$cifar10" export --weights weights --onnx nowhere/colours.onnx
  holds stderr '^cifar10: nowhere/colours.onnx: '
  fails 1 '--onnx: expected another file than that of --weights, got ./weights' \
    "$cifar10" export --weights weights --onnx ./weights
  ends 0 "$cifar10" export --weights weights --onnx colours.onnx # replaces the earlier one
  echo 'size,colour' >table.csv
  fails 1 '--onnx: table.csv exists and holds no ONNX model: remove it, or name another file' \
    "$cifar10" export --weights weights --onnx table.csv
  [ "$(cat table.csv)" = size,colour ] || complain "replaced the table: $(cat table.csv)"
  ends 1 "$cifar10" export --weights nothing --onnx colours.onnx
  holds stderr '^cifar10: nothing: '
  fails 2 '--onnx is required' "$cifar10" export --weights weights
}

refused() {
  fails 2 '--speed: unknown; cifar10 train --help lists the flags' "$cifar10" --speed 3
  fails 2 '--recipe: expected one of fast, default, best, got worst' "$cifar10" --recipe worst
  fails 2 '--dataset: expected one of cifar10, synthetic, got mnist' "$cifar10" --dataset mnist
  fails 2 '--widths: expected whole numbers from 1 to 4096 such as 64,128,128, got 0' \
    "$cifar10" --widths 0
  fails 2 '--crop: expected a whole number from 0 to 16, got 17' "$cifar10" --crop 17
  fails 1 '--widths: 5 groups of layers do not fit into 32 x 32 pixels' \
    "$cifar10" train --dataset synthetic --quiet --widths 4,4,4,4,4
  fails 1 '--data x: synthetic shapes need no folder' "$cifar10" --dataset synthetic --data x
  fails 1 'nowhere: no such folder' "$cifar10" --data nowhere
  fails 2 '--weights is required' "$cifar10" evaluate
  ends 1 "$cifar10" data --offline
  said data 'CIFAR-10 was not found: *no download while offline*'
}

# The command data says what is in a folder that has not the published archive.
described() {
  ends 0 "$cifar10" data --data shapes
  holds stdout '^CIFAR-10 in shapes$'
  holds stdout '^data_batch_1.bin  *1000 training and 200 test images, not compared with cifar-10-'
  mkdir parent
  ln -s ../shapes parent/cifar-10-batches-bin
  ends 0 "$cifar10" data --data parent
  holds stdout '^cifar-10-batches-bin  *1000 training and 200 test images, not compared with cifar'
  mkdir part
  cp shapes/data_batch_1.bin part
  fails 1 'part/data_batch_2.bin: cannot open: No such file or directory' \
    "$cifar10" data --data part
  mkdir archived
  echo 'no archive' >archived/cifar-10-binary.tar.gz
  ends 1 "$cifar10" data --data archived
  holds stdout '^cifar-10-binary.tar.gz  *archived/cifar-10-binary.tar.gz: holds 11 bytes, expected 17'
}

# Without data it says so, and draws shapes.
drawn() {
  ends 0 "$cifar10" check-gradients --offline --recipe fast --widths 4
  holds stderr '^cifar10: CIFAR-10 was not found: these are synthetic shapes, drawn by the program'
  holds stderr '^To use CIFAR-10, name the folder of its six binary files with --data.$'
}

trained
resumed
predicted
exported
refused
described
drawn
exit $failed
