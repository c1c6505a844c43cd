#!/bin/sh
# limits.sh PROGRAM ROOT: PROGRAM, the MNIST example, where it is not given what it needs: on a full
# disk, in read-only folders, without standard output, with few file handles and little memory. It
# must say what is wrong on one line, end with 1, and leave what was there as it was. (What downloads
# do then is in tests/nn/datasets/download_test.py.)
. "$(dirname "$0")/../common.sh"

# A namespace of its own lets anybody mount what root cannot write to either, and a disk that is
# really full. Where there is none, a limit on the size of files and the rights of files must do.
if [ -z "${XTAPE_LIMITS_INSIDE:-}" ] &&
  XTAPE_LIMITS_INSIDE=1 unshare -rm mount -t tmpfs none "$work" 2>/dev/null; then
  cd "$root"
  rm -rf "$work"
  XTAPE_LIMITS_INSIDE=1 exec unshare -rm sh "$root/tests/examples/mnist/limits.sh" "$program" "$root"
fi

trap 'umount "$work/full" "$work/locked" 2>/dev/null || true
  chmod -R u+w "$work"
  rm -rf "$work"' EXIT
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 # each thread wants 128 MiB

train() { "$program" train --dataset synthetic --deterministic --hidden 16 --epochs 2 "$@"; }

# fill FOLDER: what a run has left there.
fill() {
  cp model "$1/model"
  mkdir "$1/report" "$1/run"
  printf '<!DOCTYPE html>\n<footer>Made by xtape 0.\n' >"$1/report/index.html"
}

# make_full: the folder full, which a run has left, on a disk without room for more.
make_full() {
  mkdir full
  reason='File too large'
  [ -z "${XTAPE_LIMITS_INSIDE:-}" ] || mount -t tmpfs -o size=256k none "$work/full"
  fill full
  : >full/run/.lock # as each run leaves it
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    reason='No space left on device'
    dd if=/dev/zero of=full/filler bs=4096 2>/dev/null || true
  fi
}

on_full_disk() {
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    "$@"
  else
    (ulimit -f 1 && exec "$@")
  fi
}

# make_locked: the folder locked, the same on a disk that is read only.
make_locked() {
  mkdir locked
  fill locked
  if [ -n "${XTAPE_LIMITS_INSIDE:-}" ]; then
    mount --bind "$work/locked" "$work/locked"
    mount -o remount,bind,ro "$work/locked"
    reason='Read-only file system'
  else
    chmod 555 locked locked/report locked/run
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
  contents "$work/$folder" >before
  ends 1 $where "$program" train --dataset synthetic --deterministic --hidden 16 --epochs 2 --quiet "$@"
  said "$where $*" "$folder/$file: cannot *: $reason"
  contents "$work/$folder" | cmp -s before - ||
    complain "$where $*: changed $(contents "$work/$folder" | diff before -)"
}

# refuses_all WHERE FOLDER: whatever is written.
refuses_all() {
  refused "$1" "$2" model --save "$2/model"
  refused "$1" "$2" new-model --save "$2/new-model"
  refused "$1" "$2" report/metrics.csv --report "$2/report"
}

# has_model WHAT FILE: it must hold the weights that training ends with.
has_model() {
  cmp -s "$2" model || complain "$1: other weights"
  rm -f "$2"
}

# A report that cannot be written takes neither the weights with it nor the result. There is room for
# 128 KiB in a file, more than the weights have and less than the report.
unreported() {
  with_little_room() { (ulimit -f 256 && train --quiet --save saved --report report); }
  fails 1 'report/index.html: cannot write: File too large' with_little_room
  holds stdout '^test accuracy'
  has_model 'no room for a report' saved
}

# Weights that cannot be saved take neither the result with them nor the report. There is room for
# 800 KiB in a file, more than the report of a wide network has and less than its weights.
unsaved() {
  too_wide() (
    ulimit -f 1600
    "$program" train --dataset synthetic --hidden 400 --epochs 1 --quiet --save wide --report wide-report
  )
  fails 1 'wide: cannot write: File too large' too_wide
  holds stdout '^test accuracy'
  holds wide-report/index.html '</html>'
}

full_disk() {
  make_full
  refuses_all on_full_disk full
  for step in 188 100; do
    refused on_full_disk full run/checkpoint-00000$step.safetensors \
      --checkpoints full/run --save-every $step
  done
  # What is printed may go to that disk, too.
  status=0
  on_full_disk "$program" check-gradients --dataset synthetic >full/out 2>stderr || status=$?
  [ -z "${XTAPE_LIMITS_INSIDE:-}" ] || said_no_output 'output on a full disk'
}

read_only() {
  make_locked
  refuses_all in_locked_folder locked
  refused in_locked_folder locked run/.lock --checkpoints locked/run
  refused in_locked_folder locked new --report locked/new
  refused in_locked_folder locked new --checkpoints locked/new
}

# said_no_output WHAT: with $status.
said_no_output() {
  [ "$status" -eq 1 ] || complain "$1: exit status $status, not 1"
  said "$1" 'cannot write to standard output'
}

# reader_leaves FLAG...: $status of a run whose reader goes away after the first line.
reader_leaves() {
  { status=0 && train --json --epochs 20 "$@" 2>stderr || status=$?
    echo $status >status; } | head -n 1 >line
  holds line '"epoch":1,'
  status=$(cat status)
}

# What is learnt is saved though the result can not be printed.
closed_output() {
  status=0
  train --quiet --save saved >&- 2>stderr || status=$?
  said_no_output 'closed output'
  has_model 'closed output' saved

  cp model saved
  status=0
  (ulimit -f 0 && train --save saved >table 2>/dev/null) || status=$?
  [ "$status" -eq 1 ] || complain "no room for output: exit status $status, not 1"
  has_model 'no room for output' saved

  # A reader that goes away ends what has nothing else to go on for.
  reader_leaves --checkpoints pipe
  said_no_output 'a pipe'
  train --json --epochs 20 --checkpoints pipe --resume >rest || complain 'a pipe: cannot go on'
  [ "$(tail -n 1 rest | cut -c 1-11)" = '{"epoch":20' ] || complain 'a pipe: goes on badly'
  trap '' PIPE
  reader_leaves
  said_no_output 'a pipe, its signal ignored'
  trap - PIPE
}

# No file takes the place of a closed standard output or error, to be printed into.
closed_streams() {
  train --save saved >table 2>&- || complain "closed errors: exit status $?"
  has_model 'closed errors' saved
  rm -rf pipe
  train --quiet --save saved --checkpoints pipe 0<&- >&- 2>&- && complain 'all closed: exit status 0'
  has_model 'all closed' saved
}

# From as many as it takes to load its libraries on: whoever runs this may have files open, too.
few_handles() {
  least=4
  until (ulimit -n $least && "$program" --version) >/dev/null 2>&1 || [ $least -gt 100 ]; do
    least=$((least + 1))
  done
  trains_with $least
  trains_with $((least + 1)) --checkpoints pipe # the lock on the folder takes one
  trains_with $((least + 2)) --checkpoints pipe

  rm -rf pipe
  with_too_few() { (ulimit -n $least && train --save saved --checkpoints pipe); }
  ends 1 with_too_few
  said 'no handle for a checkpoint' 'pipe/*: Too many open files'
  ! grep -q '^epoch' stdout || complain 'no handle for a checkpoint: told after the training'
}

# trains_with HANDLES FLAG...: so many file handles must do.
trains_with() {
  handles=$1
  shift
  rm -rf pipe report
  (ulimit -n $handles && train --quiet --save saved --report report "$@") >/dev/null ||
    complain "$handles handles: exit status $?"
  has_model "$handles handles" saved
}

# enough_or_told WHAT COMMAND...: within a limit on memory it works, or says on one line that there
# is too little; $told counts.
enough_or_told() {
  what=$1
  shift
  status=0
  (ulimit -v $kilobytes && exec timeout 60 "$@") >/dev/null 2>stderr || status=$?
  case $status-$(cat stderr) in
    0-) ;;
    "1-mnist: out of memory: "*) told=$((told + 1)) ;;
    *) complain "$what with $kilobytes KiB: exit status $status, said $(cat stderr)" ;;
  esac
  [ "$(wc -l <stderr)" -le 1 ] || complain "$what: said $(cat stderr)"
}

# Not with less than it takes to load its libraries, or OpenBLAS to begin (with less some versions of
# it try for ever); not with sanitizers.
little_memory() {
  (ulimit -v 8000000 && "$program" --version) >/dev/null 2>&1 || return 0
  least=100000
  until (ulimit -v $least && timeout 10 "$program" --version) >/dev/null 2>&1 || [ $least -gt 2000000 ]; do
    least=$((least + 20000))
  done
  told=0
  for more in 5 60 130 170 220 300; do
    kilobytes=$((least + more * 1000))
    cp model saved
    enough_or_told train "$program" train --dataset synthetic --deterministic --hidden 16 --epochs 2 \
      --quiet --save saved --report report
    has_model "train with $kilobytes KiB" saved
    enough_or_told large "$program" train --dataset synthetic --hidden 3000,3000 --epochs 1 --quiet \
      --batch-size 4000 --optimizer adam --save large
    enough_or_told evaluate "$program" evaluate --dataset synthetic --weights model --quiet
    enough_or_told check-gradients "$program" check-gradients --dataset synthetic --hidden 500
  done
  [ $told -gt 8 ] || complain "of 24 runs with little memory only $told had too little"
  [ -z "$(find . -name '.xtape-*')" ] || complain 'out of memory: left files behind'
}

train --quiet --save model >quiet
full_disk
unreported
unsaved
read_only
closed_output
closed_streams
few_handles
little_memory
exit $failed
