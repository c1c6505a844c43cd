#!/bin/sh
# limits.sh PROGRAM ROOT: PROGRAM, the MNIST example, where it is not given what it needs: on a full
# disk, in read-only folders, without standard output, with few file handles and little memory. It
# must say what is wrong on one line, end with 1, and leave what was there as it was. (What downloads
# do then is in download_test.py.)
set -eu

mnist=$1
work=$(mktemp -d)
trap 'umount "$work/full" "$work/locked" 2>/dev/null || true
  chmod -R u+w "$work"
  rm -rf "$work"' EXIT
failed=0
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 # each thread wants 128 MiB

complain() {
  printf '%s\n' "$*"
  failed=1
}

train() { "$mnist" train --dataset synthetic --deterministic --hidden 16 --epochs 2 "$@"; }

# A namespace of its own lets anybody mount what root cannot write to either, and a disk that is
# really full. Where there is none, a limit on the size of files and the rights of files must do.
if [ -z "${XTAPE_LIMITS_INSIDE:-}" ] &&
  XTAPE_LIMITS_INSIDE=1 unshare -rm mount -t tmpfs none "$work" 2>/dev/null; then
  rm -rf "$work"
  XTAPE_LIMITS_INSIDE=1 exec unshare -rm sh "$0" "$@"
fi

# make_full: $work/full, a folder with a model, on a disk without room for more.
make_full() {
  mkdir -p "$work/full"
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    mount -t tmpfs -o size=256k none "$work/full"
  fi
  cp "$work/model" "$work/full/model"
  mkdir "$work/full/report" "$work/full/run"
  : >"$work/full/run/.lock" # as each run leaves it
  echo earlier >"$work/full/report/index.html"
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    reason='No space left on device'
    dd if=/dev/zero of="$work/full/filler" bs=4096 2>/dev/null || true
  else
    reason='File too large'
  fi
}

on_full_disk() {
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    "$@"
  else
    (ulimit -f 1 && exec "$@")
  fi
}

# make_locked: $work/locked, the same on a disk that is read only.
make_locked() {
  mkdir -p "$work/locked/report" "$work/locked/run"
  cp "$work/model" "$work/locked/model"
  echo earlier >"$work/locked/report/index.html"
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    mount --bind "$work/locked" "$work/locked"
    mount -o remount,bind,ro "$work/locked"
    reason='Read-only file system'
  else
    chmod 555 "$work/locked" "$work/locked/report" "$work/locked/run"
    reason='Permission denied'
  fi
}

in_locked_folder() {
  if [ -z "${XTAPE_LIMITS_INSIDE:-}" ] && [ "$(id -u)" -eq 0 ]; then
    setpriv --inh-caps=-all --bounding-set=-all "$@" # root, and no more than others
  else
    "$@"
  fi
}

# contents FOLDER: the name and the checksum of every file.
contents() { (cd "$1" && find . ! -name . | sort && find . -type f -exec cksum {} + | sort); }

# refused WHERE FOLDER FILE FLAG...: `train FLAG...` in FOLDER must say that FILE cannot be written,
# for $reason, and change nothing.
refused() {
  where=$1
  folder=$2
  file=$3
  shift 3
  contents "$folder" >"$work/before"
  status=0
  $where "$mnist" train --dataset synthetic --deterministic --hidden 16 --epochs 2 --quiet "$@" \
    >/dev/null 2>"$work/stderr" || status=$?
  [ "$status" -eq 1 ] || complain "$where $*: exit status $status, not 1"
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || complain "$where $*: said $(cat "$work/stderr")"
  case $(cat "$work/stderr") in
    "mnist: $folder/$file: cannot "*": $reason") ;;
    *) complain "$where $*: said $(cat "$work/stderr")" ;;
  esac
  contents "$folder" | cmp -s "$work/before" - ||
    complain "$where $*: changed $(contents "$folder" | diff "$work/before" -)"
}

# refuses_all WHERE FOLDER: whatever is written.
refuses_all() {
  refused "$1" "$2" model --save "$2/model"
  refused "$1" "$2" new-model --save "$2/new-model"
  refused "$1" "$2" report/metrics.csv --report "$2/report"
}

# A report that cannot be written takes neither the weights with it nor the result. There is room for
# 128 KiB in a file, more than the weights have and less than the report.
unreported() {
  rm -f "$work/saved"
  status=0
  (ulimit -f 256 && train --quiet --save "$work/saved" --report "$work/report") \
    >"$work/result" 2>"$work/stderr" || status=$?
  [ "$status" -eq 1 ] || complain "no room for a report: exit status $status, not 1"
  [ "$(cat "$work/stderr")" = "mnist: $work/report/index.html: cannot write: File too large" ] ||
    complain "no room for a report: said $(cat "$work/stderr")"
  grep -q '^test accuracy' "$work/result" || complain 'no room for a report: does not say the result'
  cmp -s "$work/saved" "$work/model" || complain 'no room for a report: lost the weights'
}

full_disk() {
  make_full
  refuses_all on_full_disk "$work/full"
  for step in 188 100; do
    refused on_full_disk "$work/full" run/checkpoint-00000$step.safetensors \
      --checkpoints "$work/full/run" --save-every $step
  done
  # What is printed may go to that disk, too.
  status=0
  on_full_disk "$mnist" check-gradients --dataset synthetic >"$work/full/out" 2>"$work/stderr" ||
    status=$?
  [ -z "${XTAPE_LIMITS_INSIDE:-}" ] || said_no_output 'output on a full disk'
}

read_only() {
  make_locked
  refuses_all in_locked_folder "$work/locked"
  refused in_locked_folder "$work/locked" run/.lock --checkpoints "$work/locked/run"
  refused in_locked_folder "$work/locked" new --report "$work/locked/new"
  refused in_locked_folder "$work/locked" new --checkpoints "$work/locked/new"
}

# said_no_output WHAT: with $status.
said_no_output() {
  [ "$status" -eq 1 ] || complain "$1: exit status $status, not 1"
  [ "$(cat "$work/stderr")" = 'mnist: cannot write to standard output' ] ||
    complain "$1: said $(cat "$work/stderr")"
}

# What is learnt is saved though the result can not be printed.
closed_output() {
  rm -f "$work/saved"
  status=0
  train --quiet --save "$work/saved" >&- 2>"$work/stderr" || status=$?
  said_no_output 'closed output'
  cmp -s "$work/saved" "$work/model" || complain 'closed output: lost the weights'

  cp "$work/model" "$work/saved"
  status=0
  (ulimit -f 0 && train --save "$work/saved" >"$work/table" 2>/dev/null) || status=$?
  [ "$status" -eq 1 ] || complain "no room for output: exit status $status, not 1"
  cmp -s "$work/saved" "$work/model" || complain 'no room for output: other weights'

  # A reader that goes away ends what has nothing else to go on for.
  { status=0 && train --json --epochs 20 --checkpoints "$work/pipe" 2>"$work/stderr" || status=$?
    echo $status >"$work/status"; } | head -n 1 >"$work/line"
  grep -q '"epoch":1,' "$work/line" || complain "a pipe: $(cat "$work/line")"
  status=$(cat "$work/status")
  said_no_output 'a pipe'
  train --json --epochs 20 --checkpoints "$work/pipe" --resume >"$work/rest" ||
    complain 'a pipe: cannot go on'
  [ "$(tail -n 1 "$work/rest" | cut -c 1-11)" = '{"epoch":20' ] || complain 'a pipe: goes on badly'
  (
    trap '' PIPE
    { status=0 && train --json --epochs 20 2>"$work/stderr" || status=$?
      echo $status >"$work/status"; } | head -n 1 >"$work/line"
  )
  status=$(cat "$work/status")
  said_no_output 'a pipe, its signal ignored'
}

# No file takes the place of a closed standard output or error, to be printed into.
closed_streams() {
  rm -f "$work/saved"
  train --save "$work/saved" >"$work/table" 2>&- || complain "closed errors: exit status $?"
  cmp -s "$work/saved" "$work/model" || complain 'closed errors: other weights'
  rm -rf "$work/pipe" "$work/saved"
  train --quiet --save "$work/saved" --checkpoints "$work/pipe" 0<&- >&- 2>&- &&
    complain 'all closed: exit status 0'
  cmp -s "$work/saved" "$work/model" || complain 'all closed: other weights'
}

# From as many as it takes to load its libraries on: whoever runs this may have files open, too.
few_handles() {
  least=4
  until (ulimit -n $least && "$mnist" --version) >/dev/null 2>&1 || [ $least -gt 100 ]; do
    least=$((least + 1))
  done
  trains_with $least
  trains_with $((least + 1)) --checkpoints "$work/pipe" # the lock on the folder takes one
  trains_with $((least + 2)) --checkpoints "$work/pipe"

  rm -rf "$work/saved" "$work/pipe"
  status=0
  (ulimit -n $least && train --save "$work/saved" --checkpoints "$work/pipe") \
    >"$work/stdout" 2>"$work/stderr" || status=$?
  [ "$status" -eq 1 ] && grep -q "^mnist: $work/pipe/.*: Too many open files$" "$work/stderr" ||
    complain "no handle for a checkpoint: exit status $status, said $(cat "$work/stderr")"
  ! grep -q '^epoch' "$work/stdout" || complain 'no handle for a checkpoint: told after the training'
}

# trains_with HANDLES FLAG...: so many file handles must do.
trains_with() {
  handles=$1
  shift
  rm -rf "$work/saved" "$work/pipe" "$work/report"
  (ulimit -n $handles && train --quiet --save "$work/saved" --report "$work/report" "$@") \
    >/dev/null || complain "$handles handles: exit status $?"
  cmp -s "$work/saved" "$work/model" || complain "$handles handles: other weights"
}

# enough_or_told WHAT COMMAND...: within a limit on memory it works, or says on one line that there
# is too little; $told counts.
enough_or_told() {
  what=$1
  shift
  status=0
  (ulimit -v $kilobytes && exec timeout 60 "$@") >/dev/null 2>"$work/stderr" || status=$?
  case $status-$(cat "$work/stderr") in
    0-) ;;
    "1-mnist: out of memory: "*) told=$((told + 1)) ;;
    *) complain "$what with $kilobytes KiB: exit status $status, said $(cat "$work/stderr")" ;;
  esac
  [ "$(wc -l <"$work/stderr")" -le 1 ] || complain "$what: said $(cat "$work/stderr")"
}

# Not with less than it takes to load its libraries, or OpenBLAS to begin (with less some versions of
# it try for ever); not with sanitizers.
little_memory() {
  (ulimit -v 8000000 && "$mnist" --version) >/dev/null 2>&1 || return 0
  least=100000
  until (ulimit -v $least && timeout 10 "$mnist" --version) >/dev/null 2>&1 || [ $least -gt 2000000 ]; do
    least=$((least + 20000))
  done
  told=0
  for more in 5 60 130 170 220 300; do
    kilobytes=$((least + more * 1000))
    cp "$work/model" "$work/saved"
    enough_or_told train "$mnist" train --dataset synthetic --deterministic --hidden 16 --epochs 2 \
      --quiet --save "$work/saved" --report "$work/report"
    cmp -s "$work/saved" "$work/model" || complain "train with $kilobytes KiB: other weights"
    enough_or_told large "$mnist" train --dataset synthetic --hidden 3000,3000 --epochs 1 --quiet \
      --batch-size 4000 --optimizer adam --save "$work/large"
    enough_or_told evaluate "$mnist" evaluate --dataset synthetic --weights "$work/model" --quiet
    enough_or_told check-gradients "$mnist" check-gradients --dataset synthetic --hidden 500
  done
  [ $told -gt 8 ] || complain "of 24 runs with little memory only $told had too little"
  [ -z "$(find "$work" -name '.xtape-*')" ] || complain 'out of memory: left files behind'
}

train --quiet --save "$work/model" >/dev/null
full_disk
unreported
read_only
closed_output
closed_streams
few_handles
little_memory
exit $failed
