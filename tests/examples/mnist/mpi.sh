#!/bin/sh
# mpi.sh PROGRAM ROOT MPIRUN: mnist under mpirun, without another flag. MPIRUN is the command with
# its flags, apart from the number of processes.
set -u

mnist=$1
mpirun=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
status=0

wrong() {
  echo "mpi: $*"
  status=1
}

# train NAME COMMAND...: trains and leaves the lines of the epochs in NAME.
train() {
  name=$1
  shift
  "$@" "$mnist" train --dataset synthetic --hidden 16 --epochs 3 --deterministic --json \
    --checkpoints "$work/kept-$name" --save "$work/$name.weights" >"$name" 2>"$name.log" ||
    wrong "$name failed: $(cat "$name.log")"
}

# losses NAME: the losses of the epochs, one on a line.
losses() {
  sed 's/.*"loss":\([0-9.]*\).*/\1/' "$1"
}

train alone env
train one $mpirun -n 1
train two $mpirun -n 2
cmp -s alone one || wrong 'one rank prints something else than no rank'
cmp -s alone.weights one.weights || wrong 'one rank has other weights than no rank'
[ "$(wc -l <two)" -eq 3 ] || wrong "two ranks print $(wc -l <two) lines, expected 3"
losses alone >losses
losses two | paste losses - >both
awk '{ d = $1 - $2; if (d > 1e-4 || d < -1e-4 || $1 == 0) exit 1 }' both ||
  wrong "losses of one process, and of two ranks: $(cat both)"
[ -s two.weights ] || wrong 'two ranks save no weights'
exit $status
