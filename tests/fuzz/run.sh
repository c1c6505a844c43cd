#!/bin/sh
# Runs the fuzz targets of a build, as many at a time as there are processors: `./run fuzz` calls it
# as run.sh BUILD SECONDS [TARGET...]. What it works on, and what it finds, is in BUILD/fuzz:
# seeds/TARGET and corpus/TARGET, which grows from run to run, TARGET.log, and findings/.
set -eu

programs=$1/tests/fuzz
work=$1/fuzz
seconds=$2
shift 2

known=$(cd "$programs" && ls fuzz_* | sed -n 's/^fuzz_//p' | grep -v '^seeds$' | tr '\n' ' ')
[ $# -gt 0 ] || set -- $known
for target; do
  case " $known" in
    *" $target "*) ;;
    *) echo "run: no fuzz target '$target'; there are: $known" >&2 && exit 1 ;;
  esac
done

at_once=$(nproc)
sources=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work/findings"
rm -rf "$work/seeds"
# The targets' files had better not touch a disk.
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
export TMPDIR
batch= # PID:TARGET of those that run
stop() {
  for each in $batch; do
    kill "${each%%:*}" 2>/dev/null || true
  done
  rm -rf "$TMPDIR"
}
trap stop EXIT
trap 'exit 130' INT TERM

# What is freed stays around only briefly, so that the limit of memory means something: a target
# needs 64 MB beside the sanitizer, its corpus and its counters.
export ASAN_OPTIONS="quarantine_size_mb=8:malloc_context_size=4:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
export OMP_NUM_THREADS=1 # libomp keeps memory for each further thread, which is no leak

"$programs/fuzz_seeds" "$work/seeds"

start() {
  case $1 in
    png | config | csv | npy) words=-dict=$sources/$1.dict ;;
    idx | cifar | tar) words= ;;
    *) words=-dict=$sources/safetensors.dict ;;
  esac
  mkdir -p "$work/corpus/$1"
  "$programs/fuzz_$1" -max_total_time="$seconds" -max_len=8192 -timeout=10 -malloc_limit_mb=64 \
    -rss_limit_mb=256 -print_final_stats=1 $words -artifact_prefix="$work/findings/$1-" \
    "$work/corpus/$1" "$work/seeds/$1" >"$work/$1.log" 2>&1 &
  batch="$batch $!:$1"
}

finish_batch() {
  for each in $batch; do
    status=0
    wait "${each%%:*}" || status=$?
    echo "$status" >"$work/${each#*:}.status"
  done
  batch=
}

# stat NAME TARGET: a number that libFuzzer prints at the end.
stat() { sed -n "s/^stat::$1: *//p" "$work/$2.log"; }

running=0
for target; do
  start "$target"
  running=$((running + 1))
  [ $((running % at_once)) -ne 0 ] || finish_batch
done
finish_batch

passed=0
failed=0
for target; do
  covered=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/\1 branches, \3 inputs kept/p' \
    "$work/$target.log" | tail -n 1)
  echo "$target: $(stat number_of_executed_units "$target") executions," \
    "$(stat average_exec_per_sec "$target") a second, $covered," \
    "$(stat peak_rss_mb "$target") MB at most"
  if [ "$(cat "$work/$target.status")" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    tail -n 40 "$work/$target.log"
    finding=$(sed -n 's/.*Test unit written to //p' "$work/$target.log" | tail -n 1)
    echo "to reproduce: $programs/fuzz_$target ${finding:-(see $work/$target.log)}"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
