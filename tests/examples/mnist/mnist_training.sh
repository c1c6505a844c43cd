#!/bin/sh
# mnist_training.sh PROGRAM ROOT: what `mnist train` prints, how it ends and how it goes on, on digits
# that the program draws itself.
. "$(dirname "$0")/../common.sh"

# train_fails STATUS MESSAGE FLAG...
train_fails() {
  train_status=$1
  train_message=$2
  shift 2
  fails "$train_status" "$train_message" train "$@"
}

# background FILE FLAG...: trains with its output in FILE, and with SIGINT as a terminal has it.
background() {
  output=$1
  shift
  rm -f "$output"
  env --default-signal=INT "$program" train --dataset synthetic --deterministic --hidden 16 \
    --json "$@" >"$output" 2>background.err &
}

# ended STATUS: how the background process has ended.
ended() {
  status=0
  wait $! || status=$?
  [ "$status" -eq "$1" ] || complain "ended with $status, not $1: $(cat background.err)"
  cp background.err stderr
}

printed() {
  ends 0 train --json
  [ ! -s stderr ] || complain "--json: said $(cat stderr)"
  [ "$(sed 's/,.*//' stdout | tr '\n' ' ')" = '{"epoch":1 {"epoch":2 {"epoch":3 ' ] ||
    complain "--json: $(cat stdout)"
  train --json | cmp - stdout || complain 'two deterministic runs differ'

  ends 0 train --quiet
  [ ! -s stderr ] || complain "--quiet: said $(cat stderr)"
  holds stdout '^test accuracy [0-9.]* % after epoch 3$'
  [ "$(wc -l <stdout)" -eq 1 ] || complain "--quiet: $(cat stdout)"

  train >table
  tail -n 1 table | cmp -s - stdout || complain "ends with $(tail -n 1 table), not $(cat stdout)"
  [ "$(grep -c '^ *[123]  [0-9.]*  *[0-9.]* %$' table)" -eq 3 ] || complain "$(cat table)"
}

# A small convolutional network.
filters='--recipe cnn --filters 4,8 --kernel 3'

evaluated() {
  for network in '' "$filters"; do
    train $network --quiet --save weights >quiet
    "$program" evaluate --dataset synthetic --weights weights --quiet >evaluated
    [ "$(sed 's/ after.*//' quiet)" = "$(cat evaluated)" ] ||
      complain "$network evaluate: $(cat evaluated), but training ended with $(cat quiet)"
  done
  ends 0 "$program" evaluate --dataset synthetic --weights weights --json
  holds stdout '"images":2000'
}

early_stop() {
  train --json --validation 2000 --early-stop 1 --epochs 50 --learning-rate 2 >early.json
  [ "$(wc -l <early.json)" -lt 50 ] || complain 'early stopping never stops'
  # The last epoch was no better than the one before, which was the best.
  sed 's/.*"validation_accuracy":\([0-9.]*\).*/\1/' early.json | tail -n 2 |
    awk '{ v[NR] = $1 } END { exit !(v[2] <= v[1]) }' || complain "$(cat early.json)"
  train_fails 2 '--early-stop requires --validation' --early-stop 3
  train_fails 1 '--early-stop requires --validation images, got 0' --early-stop 3 --validation 0
  train_fails 1 '--validation: 12000 of 12000 training images leave none to train on' \
    --validation 12000 --quiet
}

config() {
  printf 'hidden = [16]\nepochs = 1\nquiet = true\n' >good.toml
  [ "$("$program" --dataset synthetic --config good.toml | wc -l)" -eq 1 ] || complain 'config: unread'
  train --quiet --config good.toml | grep -q 'epoch 3' || complain 'config: above the command line'
  echo 'epoch = 1' >bad.toml
  train_fails 2 'bad.toml: line 1: epoch: unknown; mnist train --help lists what can be set' \
    --config bad.toml
  echo 'early-stop = 1' >bad.toml
  train_fails 2 '--early-stop requires --validation' --config bad.toml
  train_fails 2 'none.toml: cannot open: No such file or directory' --config none.toml
  mkfifo pipe
  ends 2 timeout 60 "$program" train --config pipe
  echo 'no-standardize = true' >no.toml
  train --recipe fast --quiet --config no.toml >by_file
  train --recipe fast --quiet --no-standardize >by_flag
  cmp by_file by_flag || complain "no-standardize: $(cat by_file), but the flag $(cat by_flag)"
}

# What a command cannot do without may be in the file, and what goes together may be in both places.
requirements() {
  train --quiet --epochs 1 --save weights >quiet
  echo "weights = 'weights'" >weights.toml
  ends 0 "$program" evaluate --dataset synthetic --config weights.toml --quiet
  holds stdout 'test accuracy'
  fails 2 '--weights is required' "$program" evaluate --dataset synthetic
  "$program" evaluate --help >help
  holds help '--weights FILE REQUIRED'
  "$program" train --help >help
  holds help '--resume.* Needs: --checkpoints'
  echo "checkpoints = 'required'" >folder.toml
  train_fails 1 'required: holds no checkpoint to --resume from' --resume --quiet \
    --config folder.toml
  train_fails 2 '--resume requires --checkpoints' --resume
  echo "data = 'd'" >data.toml
  train_fails 2 '--data excludes --mirror' --mirror https://a.b/ --config data.toml
}

checkpoints() {
  flags='--epochs 8 --dropout 0.2 --rotation 10 --elastic 20'
  train $flags --json --save whole >whole.json
  train_fails 1 'kept: holds no checkpoint to --resume from' --checkpoints kept --resume --quiet
  for signal in INT-130 TERM-143; do
    rm -rf kept
    background part.json $flags --checkpoints kept --keep 2
    wait_for grep -q epoch part.json
    kill -s ${signal%-*} $!
    ended ${signal#*-}
    holds stderr '^mnist: interrupted after [1-7] of 8 epochs, to go on from kept with --resume$'
    train_fails 1 'kept: holds checkpoints: resume from them, or name another folder' \
      --checkpoints kept --quiet
    train $flags --json --checkpoints kept --keep 2 --resume --save resumed >rest.json
    cat part.json rest.json | cmp - whole.json || complain "SIG$signal: goes on differently"
    cmp resumed whole || complain "SIG$signal: ends with other weights"
  done
  [ "$(ls kept | wc -l)" -eq 2 ] || complain "keeps $(ls kept)"
  ends 1 train $flags --json --checkpoints kept --resume --seed 1
  holds stderr "is of another run: 'seed' is '42', this run has '1'"
}

# Killed at a moment that nobody chose, it goes on all the same.
killed() {
  for network in '' "$filters"; do
    rm -rf killed
    background part.json $network --epochs 3 --checkpoints killed --save-every 7
    wait_for sh -c 'ls killed/checkpoint-*'
    kill -s KILL $! || true # it may have ended by itself
    wait $! || true
    train $network --quiet --checkpoints killed --resume --save resumed >rest
    train $network --quiet --save whole >whole.quiet
    cmp resumed whole || complain "$network SIGKILL: ends with other weights"
  done
}

# Two runs do not keep their checkpoints in one folder. A run that ends, however it does, gives it
# back.
shared() {
  for signal in INT KILL; do
    rm -rf shared
    background first.json --epochs 1000000 --checkpoints shared
    wait_for grep -q epoch first.json
    for flags in '' --resume '--seed 2 --keep 1'; do
      train_fails 1 'shared: another run keeps its checkpoints here' --checkpoints shared --quiet \
        $flags
    done
    kill -s $signal $!
    wait $! || true
    train_fails 1 'shared: holds checkpoints: resume from them, or name another folder' \
      --checkpoints shared --quiet
  done
}

# Checkpoints that can no longer be written end a run, which keeps its weights and its report.
vanished() {
  for flags in '' '--early-stop 1000000 --validation 100'; do
    rm -rf gone vanished kept.weights kept.report
    background vanished.json --epochs 1000000 --checkpoints vanished --save kept.weights \
      --report kept.report $flags
    wait_for grep -q epoch vanished.json
    mv vanished gone
    ended 1
    said "vanished, $flags" 'vanished*: *'
    ends 0 "$program" evaluate --dataset synthetic --weights kept.weights --quiet
    [ -s kept.report/index.html ] || complain "vanished, $flags: no report"
  done
}

# impossible MESSAGE FLAG...: train must say MESSAGE before it trains.
impossible() {
  train_fails 1 "$@"
  ! grep -q '^epoch' stdout || complain "$*: told after the training: $(cat stdout)"
}

places() {
  impossible 'none/weights: cannot create a file beside it: No such file or directory' \
    --save none/weights
  impossible '/dev/null/x: cannot be made: Not a directory' --report /dev/null/x
  impossible '/dev/null/x: cannot make this folder: Not a directory' --checkpoints /dev/null/x
  impossible '--save: expected a file outside of the folder of --checkpoints, got shared' \
    --save shared --checkpoints shared
  impossible '--save: expected a file outside of the folder of --checkpoints, got fresh' \
    --save fresh --checkpoints "$(pwd)/fresh"
  impossible '--save: expected a file outside of the folder of --report, got shared/index.html' \
    --save shared/index.html --report ./shared/
  echo 'epochs = 1' >settings.toml
  impossible '--save: settings.toml exists and holds no weights: remove it, or name another file' \
    --config settings.toml --save settings.toml
  [ "$(cat settings.toml)" = 'epochs = 1' ] || complain "replaced the config: $(cat settings.toml)"
  mkdir -p site numbers
  echo '<!DOCTYPE html><p>Mine' >site/index.html
  impossible '--report: site/index.html exists and holds no report: remove it, or name another file' \
    --report site
  [ "$(cat site/index.html)" = '<!DOCTYPE html><p>Mine' ] || complain 'replaced site/index.html'
  echo 'time,volts' >numbers/metrics.csv
  impossible '--report: numbers/metrics.csv exists and holds no numbers of a report: remove it, or name another file' \
    --report numbers
  [ "$(cat numbers/metrics.csv)" = time,volts ] || complain 'replaced numbers/metrics.csv'
  mkdir -p folders/index.html folders/.lock
  impossible 'folders/index.html: cannot write: it is a folder' --report folders
  impossible 'folders/.lock: cannot open: Is a directory' --checkpoints folders
}

# without_reader COMMAND...: what it prints goes to a pipe whose other end is closed.
without_reader() {
  rm -f closed
  { wait_for test -e closed && status=0 && "$@" 2>stderr || status=$?
    echo $status >status; } | { exec <&- && : >closed; }
  [ "$(cat status)" -eq 1 ] || complain "no reader, $*: exit status $(cat status)"
  said "no reader, $*" 'cannot write to standard output'
}

# A reader that goes away takes nothing with it that was to be kept. When nothing was, there is
# nothing to go on for.
no_reader() {
  train --save whole >table
  for format in --json --quiet --no-standardize; do
    without_reader train $format --save piped
    cmp piped whole || complain "no reader, $format: other weights"
    rm -f piped
  done
  without_reader train --report piped
  [ "$(wc -l <piped/metrics.csv)" -eq 4 ] || complain 'no reader: the report is not of three epochs'
  for flags in '' --json '--json --checkpoints unread'; do
    without_reader timeout 60 "$program" train --dataset synthetic --hidden 16 --epochs 1000000 $flags
  done
  without_reader "$program" check-gradients --dataset synthetic
  without_reader "$program" train --help
}

diverged() {
  ends 1 train --activation relu --learning-rate 1e10 --quiet
  said diverged 'step [0-9]*: the loss is [a-z-]*: * gave *; try a smaller learning rate'
}

# The last step of all may spoil the weights, and no loss tells: nothing good is overwritten.
spoilt() {
  train --quiet --epochs 1 --save good >quiet
  cp good before
  ends 1 train --activation relu --learning-rate 1e39 --momentum 0 --batch-size 1000000 --epochs 1 \
    --schedule constant --checkpoints spoilt --quiet --save good
  said spoilt "step 1: parameter '*' is [a-z-]* at element [0-9]*; try a smaller learning rate"
  cmp -s good before || complain "spoilt: what was good has been overwritten"
  [ -z "$(find spoilt -name '*.safetensors')" ] || complain "spoilt: $(ls spoilt)"
}

# A file that another program puts at the place of the weights during the training stays as it is.
# A name of 255 bytes, the longest one, is shortened for the weights beside it.
place_taken() {
  long=$(printf 'x%.0s' $(seq 255))
  short=$(printf 'x%.0s' $(seq 200))
  for taken in taken "$long"; do
    beside=taken.1
    [ "$taken" = taken ] || beside=$short.1
    echo "another's" >precious
    background taken.json --epochs 100 --save "$taken"
    wait_for grep -q epoch taken.json
    kill -STOP $!
    ln -s precious "$taken"
    kill -CONT $!
    ended 1
    said 'place taken' "$taken: was no file of weights any more after the training, so the weights are in $beside"
    [ "$(cat precious)" = "another's" ] || complain 'place taken: the file has been overwritten'
    ends 0 "$program" evaluate --dataset synthetic --weights "$beside"
  done
}

printed
diverged
spoilt
place_taken
evaluated
early_stop
config
requirements
checkpoints
killed
shared
vanished
places
no_reader
exit $failed
