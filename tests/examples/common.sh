# common.sh: what the tests of the examples share. They source it with their own arguments, PROGRAM
# ROOT: the program and the source folder. It sets program, name (its name), root, data (the folder of
# MNIST's real files), work (the current folder, removed in the end) and failed (the exit status).
set -eu

name=$(basename "$1")
program=$(cd "$(dirname "$1")" && pwd)/$name
root=$(cd "$2" && pwd)
data=${XTAPE_TEST_MNIST:-$root/../shared/mnist}
[ ! -d "$data" ] || data=$(cd "$data" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

complain() {
  printf '%s\n' "$*"
  failed=1
}

# skip REASON: ends the test as skipped, but as failed for CI.
skip() {
  echo "skipped: $1"
  [ "${CI:-}" != true ] && exit 77
  exit 1
}

# need_data: skips the test without the real files. Where they are a must, it fails.
need_data() {
  [ -d "$data" ] && return
  echo "this test needs data, but $data is not a folder (XTAPE_TEST_MNIST may name another)"
  [ -z "${XTAPE_TEST_MNIST:-}" ] && [ "${CI:-}" != true ] && [ "${XTAPE_REQUIRE_DATA:-}" != 1 ] &&
    exit 77
  exit 1
}

# ends STATUS COMMAND...: it must end with STATUS. What it prints is in stdout and stderr.
ends() {
  wanted_status=$1
  shift
  status=0
  "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
  [ "$status" -eq "$wanted_status" ] ||
    complain "$*: exit status $status, not $wanted_status: $(cat "$work/stderr")"
}

# said WHAT PATTERN: stderr must hold one line that matches PATTERN, as in `case`.
said() {
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || complain "$1: said $(cat "$work/stderr")"
  case $(cat "$work/stderr") in
    "$name: "$2) ;;
    *) complain "$1: said
  $(cat "$work/stderr")
instead of
  $name: $2" ;;
  esac
}

# fails STATUS MESSAGE COMMAND...: it must end with STATUS and say MESSAGE on one line.
fails() {
  wanted=$2
  failing_status=$1
  shift 2
  ends "$failing_status" "$@"
  [ "$(cat "$work/stderr")" = "$name: $wanted" ] || complain "$*: said
  $(cat "$work/stderr")
instead of
  $name: $wanted"
}

# holds FILE PATTERN: grep must find PATTERN in FILE.
holds() { grep -q -- "$2" "$1" || complain "no '$2' in $1: $(cat -v "$1")"; }

# train FLAG...: a small network on digits that the program draws, the same bits every time.
train() { "$program" train --dataset synthetic --deterministic --hidden 16 --epochs 3 "$@"; }

# wait_for COMMAND...: until it succeeds, at most a minute.
wait_for() {
  for _ in $(seq 600); do
    if "$@" >wait.log 2>&1; then return; fi
    sleep 0.1
  done
  complain "nothing came of: $*"
}
