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
  fails 2 'bad.toml: epoch: unknown; mnist train --help lists what can be set' --config bad.toml
  echo 'early-stop = 1' >bad.toml
  fails 2 '--early-stop requires --validation' --config bad.toml
  fails 2 'none.toml: cannot read this file' --config none.toml
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
    fails 1 'kept: holds checkpoints: go on from them with --resume, or name another folder' \
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

# in_terminal VARIABLE=VALUE...: what a terminal of 60 columns gets, with the bar or without.
in_terminal() {
  script -q -c "stty cols 60 && env $* '$mnist' train --dataset synthetic --epochs 2 \
    --hidden 800 --threads 1" /dev/null </dev/null >terminal
}

progress() {
  command -v script >/dev/null || return 0
  escape=$(printf '\033')
  in_terminal TERM=xterm
  grep -q "epoch [12]/2 \[$escape" terminal || complain "no bar in: $(cat -v terminal)"
  tr '\r' '\n' <terminal | sed "s/$escape\[[0-9]*[mK]//g" | awk '
    /left/ && length > 59 { print "too wide: " $0; failed = 1 } END { exit failed }
  ' || failed=1
  in_terminal TERM=xterm NO_COLOR=1
  grep -q 'epoch [12]/2 \[=*>' terminal || complain "no plain bar in: $(cat -v terminal)"
  in_terminal TERM=dumb
  ! grep -q "$escape" terminal || complain "TERM=dumb: $(cat -v terminal)"
}

diverged() {
  status=0
  train --activation relu --learning-rate 1e10 --quiet >stdout 2>stderr || status=$?
  [ "$status" -eq 1 ] || complain "diverged: exit status $status"
  [ "$(wc -l <stderr)" -eq 1 ] || complain "diverged: $(cat stderr)"
  grep -q '^mnist: step [0-9]*: the loss is [a-z-]*: .* gave .*; try a smaller --learning-rate$' \
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
  grep -q "^mnist: step 1: parameter '.*' is [a-z-]* at element [0-9]*; try a smaller --learning-rate$" \
    stderr || complain "spoilt: $(cat stderr)"
  cmp -s good before || complain "spoilt: what was good has been overwritten"
  [ -z "$(find spoilt -name '*.safetensors')" ] || complain "spoilt: $(ls spoilt)"

  status=0
  train --save none/weights >stdout 2>stderr || status=$?
  [ "$status" -eq 1 ] && [ ! -s stdout ] || complain "told after the training: $(cat stdout)"
  status=0
  mkfifo pipe
  timeout 10 "$mnist" train --config pipe >stdout 2>stderr || status=$?
  [ "$status" -eq 2 ] || complain "a pipe as --config: exit status $status"
}

printed
diverged
spoilt
evaluated
early_stop
config
checkpoints
killed
progress
exit $failed
