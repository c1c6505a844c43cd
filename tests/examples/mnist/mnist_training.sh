#!/bin/sh
# mnist_training.sh PROGRAM: what `mnist train` prints, how it ends and how it goes on, on digits
# that the program draws itself.
set -eu

mnist=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

complain() {
  printf '%s\n' "$*"
  failed=1
}

# train FLAG...: a small network, the same bits every time.
train() { "$mnist" train --dataset synthetic --deterministic --hidden 16 --epochs 3 "$@"; }

# fails STATUS MESSAGE FLAG...: train must end with STATUS and say MESSAGE on one line.
fails() {
  wanted_status=$1
  wanted="mnist: $2"
  shift 2
  status=0
  train "$@" >stdout 2>stderr || status=$?
  [ "$status" -eq "$wanted_status" ] || complain "$*: exit status $status, not $wanted_status"
  [ "$(cat stderr)" = "$wanted" ] || complain "$*: said $(cat stderr), not $wanted"
}

# wait_for COMMAND...: until it succeeds, at most a minute.
wait_for() {
  for _ in $(seq 600); do
    if "$@" >wait.log 2>&1; then return; fi
    sleep 0.1
  done
  complain "nothing came of: $*"
}

printed() {
  train --json >epochs.json 2>stderr || complain "--json: exit status $?"
  [ ! -s stderr ] || complain "--json: said $(cat stderr)"
  [ "$(sed 's/,.*//' epochs.json | tr '\n' ' ')" = '{"epoch":1 {"epoch":2 {"epoch":3 ' ] ||
    complain "--json: $(cat epochs.json)"
  train --json >again.json
  cmp epochs.json again.json || complain 'two deterministic runs differ'

  train --quiet >quiet 2>stderr
  [ ! -s stderr ] || complain "--quiet: said $(cat stderr)"
  grep -qx 'test accuracy [0-9.]* % after epoch 3' quiet || complain "--quiet: $(cat quiet)"
  [ "$(wc -l <quiet)" -eq 1 ] || complain "--quiet: $(cat quiet)"

  train >table
  tail -n 1 table | cmp -s - quiet || complain "ends with $(tail -n 1 table), not $(cat quiet)"
  [ "$(grep -c '^ *[123]  [0-9.]*  *[0-9.]* %$' table)" -eq 3 ] || complain "$(cat table)"
}

evaluated() {
  train --quiet --save weights >quiet
  "$mnist" evaluate --dataset synthetic --weights weights --quiet >evaluated
  [ "$(sed 's/ after.*//' quiet)" = "$(cat evaluated)" ] ||
    complain "evaluate: $(cat evaluated), but training ended with $(cat quiet)"
  "$mnist" evaluate --dataset synthetic --weights weights --json | grep -q '"images":2000' ||
    complain 'evaluate --json says something else'
}

early_stop() {
  train --json --validation 2000 --early-stop 1 --epochs 50 --learning-rate 2 >early.json
  [ "$(wc -l <early.json)" -lt 50 ] || complain 'early stopping never stops'
  # The last epoch was no better than the one before, which was the best.
  sed 's/.*"validation_accuracy":\([0-9.]*\).*/\1/' early.json | tail -n 2 |
    awk '{ v[NR] = $1 } END { exit !(v[2] <= v[1]) }' || complain "$(cat early.json)"
  fails 2 '--early-stop requires --validation' --early-stop 3
  fails 1 '--validation: 12000 of 12000 training images leave none to train on' \
    --validation 12000 --quiet
}

config() {
  printf 'hidden = [16]\nepochs = 1\nquiet = true\n' >good.toml
  [ "$("$mnist" --dataset synthetic --config good.toml | wc -l)" -eq 1 ] || complain 'config: unread'
  train --quiet --config good.toml | grep -q 'epoch 3' || complain 'config: above the command line'
  echo 'epoch = 1' >bad.toml
  fails 2 'bad.toml: line 1: epoch: unknown; mnist train --help lists what can be set' --config bad.toml
  echo 'early-stop = 1' >bad.toml
  fails 2 '--early-stop requires --validation' --config bad.toml
  fails 2 'none.toml: cannot open: No such file or directory' --config none.toml
  echo 'no-standardize = true' >no.toml
  train --recipe fast --quiet --config no.toml >by_file
  train --recipe fast --quiet --no-standardize >by_flag
  cmp by_file by_flag || complain "no-standardize: $(cat by_file), but the flag $(cat by_flag)"
}

# What a command cannot do without may be in the file, and what goes together may be in both places.
requirements() {
  train --quiet --epochs 1 --save weights >quiet
  echo "weights = 'weights'" >weights.toml
  "$mnist" evaluate --dataset synthetic --config weights.toml --quiet >evaluated || true
  grep -q 'test accuracy' evaluated || complain 'evaluate does not take --weights from a file'
  status=0
  "$mnist" evaluate --dataset synthetic >stdout 2>stderr || status=$?
  [ "$status" -eq 2 ] && [ "$(cat stderr)" = 'mnist: --weights is required' ] ||
    complain "no weights: exit status $status, $(cat stderr)"
  "$mnist" evaluate --help >help
  grep -q -- '--weights FILE REQUIRED' help || complain "--weights is not said to be required: $(cat help)"
  "$mnist" train --help >help
  grep -q -- '--resume.* Needs: --checkpoints' help || complain "--resume is not said to need: $(cat help)"
  echo "checkpoints = 'required'" >folder.toml
  fails 1 'required: holds no checkpoint to --resume from' --resume --quiet --config folder.toml
  fails 2 '--resume requires --checkpoints' --resume
  echo "data = 'd'" >data.toml
  fails 2 '--data excludes --mirror' --mirror https://a.b/ --config data.toml
}

checkpoints() {
  flags='--epochs 8 --json --dropout 0.2 --rotation 10 --elastic 20'
  train $flags --save whole >whole.json
  fails 1 'kept: holds no checkpoint to --resume from' --checkpoints kept --resume --quiet
  for signal in INT TERM; do
    rm -rf kept part.json # lest the last one be taken for the new
    env --default-signal=INT "$mnist" train --dataset synthetic --deterministic --hidden 16 \
      $flags --checkpoints kept --keep 2 >part.json 2>stderr &
    wait_for grep -q epoch part.json
    kill -s $signal $!
    status=0
    wait $! || status=$?
    case $signal-$status in
      INT-130 | TERM-143) ;;
      *) complain "SIG$signal: exit status $status" ;;
    esac
    grep -qx 'mnist: interrupted after [1-7] of 8 epochs, to go on from kept with --resume' stderr ||
      complain "SIG$signal: said $(cat stderr)"
    fails 1 'kept: holds checkpoints: resume from them, or name another folder' \
      --checkpoints kept --quiet
    train $flags --checkpoints kept --keep 2 --resume --save resumed >rest.json
    cat part.json rest.json | cmp - whole.json || complain "SIG$signal: goes on differently"
    cmp resumed whole || complain "SIG$signal: ends with other weights"
  done
  [ "$(ls kept | wc -l)" -eq 2 ] || complain "keeps $(ls kept)"
  status=0
  train $flags --checkpoints kept --resume --seed 1 >stdout 2>stderr || status=$?
  [ "$status" -eq 1 ] || complain "another seed: exit status $status"
  grep -q "is of another run: 'seed' is '42', this run has '1'" stderr || complain "$(cat stderr)"
}

# Killed at a moment that nobody chose, it goes on all the same.
killed() {
  "$mnist" train --dataset synthetic --deterministic --hidden 16 --epochs 3 --json \
    --checkpoints killed --save-every 7 >part.json &
  wait_for sh -c 'ls killed/checkpoint-*'
  kill -s KILL $! || true # it may have ended by itself
  wait $! || true
  train --json --checkpoints killed --resume --save resumed >rest.json
  train --json --save whole >whole.json
  cmp resumed whole || complain 'SIGKILL: ends with other weights'
}

# Two runs do not keep their checkpoints in one folder. A run that ends, however it does, gives it
# back.
shared() {
  for signal in INT KILL; do
    rm -rf shared first.json
    env --default-signal=INT "$mnist" train --dataset synthetic --deterministic --hidden 16 \
      --epochs 1000000 --json --checkpoints shared >first.json 2>first.err &
    wait_for grep -q epoch first.json
    for flags in '' --resume '--seed 2 --keep 1'; do
      fails 1 'shared: another run keeps its checkpoints here' --checkpoints shared --quiet $flags
    done
    kill -s $signal $!
    wait $! || true
    fails 1 'shared: holds checkpoints: resume from them, or name another folder' \
      --checkpoints shared --quiet
  done
}

# Checkpoints that can no longer be written end a run, which keeps its weights and its report.
vanished() {
  for flags in '' '--early-stop 1000000 --validation 100'; do
    rm -rf gone vanished vanished.json kept.weights kept.report
    "$mnist" train --dataset synthetic --deterministic --hidden 16 --epochs 1000000 --json \
      --checkpoints vanished --save kept.weights --report kept.report $flags \
      >vanished.json 2>stderr &
    wait_for grep -q epoch vanished.json
    mv vanished gone
    status=0
    wait $! || status=$?
    [ "$status" -eq 1 ] || complain "vanished, $flags: exit status $status"
    grep -q '^mnist: vanished/[a-z0-9-]*.safetensors: cannot ' stderr ||
      complain "vanished, $flags: said $(cat stderr)"
    [ "$(wc -l <stderr)" -eq 1 ] || complain "vanished, $flags: said $(cat stderr)"
    "$mnist" evaluate --dataset synthetic --weights kept.weights --quiet >evaluated ||
      complain "vanished, $flags: no weights"
    [ -s kept.report/index.html ] || complain "vanished, $flags: no report"
  done
}

# impossible MESSAGE FLAG...: train must say MESSAGE before it trains.
impossible() {
  fails 1 "$@"
  ! grep -q '^epoch' stdout || complain "$*: told after the training: $(cat stdout)"
}

places() {
  impossible 'none/weights: cannot create a file beside it: No such file or directory' \
    --save none/weights
  impossible '/dev/null/x: cannot be made: Not a directory' --report /dev/null/x
  impossible '/dev/null/x: cannot make this folder: Not a directory' --checkpoints /dev/null/x
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
  [ "$(cat stderr)" = 'mnist: cannot write to standard output' ] ||
    complain "no reader, $*: said $(cat stderr)"
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
    without_reader timeout 60 "$mnist" train --dataset synthetic --hidden 16 --epochs 1000000 $flags
  done
  without_reader "$mnist" check-gradients --dataset synthetic
  without_reader "$mnist" train --help
}

diverged() {
  status=0
  train --activation relu --learning-rate 1e10 --quiet >stdout 2>stderr || status=$?
  [ "$status" -eq 1 ] || complain "diverged: exit status $status"
  [ "$(wc -l <stderr)" -eq 1 ] || complain "diverged: $(cat stderr)"
  grep -q '^mnist: step [0-9]*: the loss is [a-z-]*: .* gave .*; try a smaller learning rate$' \
    stderr || complain "diverged: $(cat stderr)"
}

# The last step of all may spoil the weights, and no loss tells: nothing good is overwritten.
spoilt() {
  train --quiet --epochs 1 --save good >stdout
  cp good before
  status=0
  train --activation relu --learning-rate 1e39 --momentum 0 --batch-size 1000000 --epochs 1 \
    --schedule constant --checkpoints spoilt --quiet --save good >stdout 2>stderr || status=$?
  [ "$status" -eq 1 ] || complain "spoilt: exit status $status"
  grep -q "^mnist: step 1: parameter '.*' is [a-z-]* at element [0-9]*; try a smaller learning rate$" \
    stderr || complain "spoilt: $(cat stderr)"
  cmp -s good before || complain "spoilt: what was good has been overwritten"
  [ -z "$(find spoilt -name '*.safetensors')" ] || complain "spoilt: $(ls spoilt)"

  status=0
  mkfifo pipe
  timeout 60 "$mnist" train --config pipe >stdout 2>stderr || status=$?
  [ "$status" -eq 2 ] || complain "a pipe as --config: exit status $status"
}

printed
diverged
spoilt
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
