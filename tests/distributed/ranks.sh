#!/bin/sh
# ranks.sh RANKS MPIRUN CASE: runs ranks on several processes, some of which fail or are ended.
# MPIRUN is the command with its flags and the number of processes.
set -u

ranks=$1
mpirun=$2
part=${3%_apart}
apart=
[ "$part" = "$3" ] || apart=apart # the ranks train apart between outer steps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

wrong() {
  echo "$part: $*"
  sed 's/^/| /' "$work/log"
  status=1
}

# fails CASE ARGUMENT PATTERN: the run ends within seconds, with a status that is not 0, and a line
# that matches PATTERN.
fails() {
  timeout 30 $mpirun "$ranks" "$1" $2 >"$work/log" 2>&1
  case $? in
    0) wrong "$1 $2: expected a failure" ;;
    124) wrong "$1 $2: did not end" ;;
  esac
  grep -Eq "$3" "$work/log" || wrong "$1 $2: expected a line '$3'"
}

# slow FOLDER MILLISECONDS: a run that keeps checkpoints, with a pause in each step.
slow() {
  timeout 120 $mpirun "$ranks" slow "$1" "$2" $apart
}

last_rank=$((${RANKS:-2} - 1))
case $part in
  early_stop | resume) # These need a folder.
    timeout 200 $mpirun "$ranks" "$part" "$work/kept" >"$work/log" 2>&1 || wrong "status $?"
    ;;
  failure)
    fails failure "$last_rank" "rank $last_rank of $RANKS: the teapot is broken"
    fails failure 0 "rank 0 of $RANKS: the teapot is broken"
    ;;
  drift)
    [ "$RANKS" -gt 1 ] || exit 77
    fails drift "$last_rank" "epoch 2: the weights of rank $last_rank differ"
    ;;
  options)
    [ "$RANKS" -gt 1 ] || exit 77
    fails options '' 'the options of rank 1 are epochs 3'
    ;;
  killed) # A rank is killed at random moments. The next run resumes, to the same bits.
    slow "$work/whole" 0 >"$work/want" 2>"$work/log" || wrong 'the whole run failed'
    rm -rf "$work/kept"
    round=0
    while [ $round -lt "${ROUNDS:-3}" ]; do
      round=$((round + 1))
      slow "$work/kept" 20 >"$work/log" 2>&1 &
      sleep "$(awk -v seed="$(date +%N)" 'BEGIN { srand(seed); print 0.7 + 1.5 * rand() }')"
      victim=$(pgrep -f "^$ranks slow $work/kept" | sort -R | head -n 1)
      [ -z "$victim" ] || kill -KILL "$victim"
      wait
      # Every second time, the run ends in between, and the next one begins anew.
      if [ $((round % 2)) -eq 0 ]; then
        slow "$work/kept" 0 >"$work/got" 2>"$work/log" || wrong "round $round: cannot resume"
        cmp -s "$work/want" "$work/got" || wrong "round $round: other bits: $(cat "$work/want" "$work/got")"
        rm -rf "$work/kept"
      fi
    done
    ;;
  terminated) # SIGTERM to mpirun saves the run.
    slow "$work/whole" 0 >"$work/want" 2>"$work/log" || wrong 'the whole run failed'
    # Open MPI 5 kills ranks a quarter of a second after the signal. Ranks that train apart save
    # after their next outer step, of four steps.
    pause=150
    [ -z "$apart" ] || pause=40
    $mpirun "$ranks" slow "$work/kept" $pause $apart >"$work/log" 2>&1 &
    tries=0
    until ls "$work/kept"/*.safetensors >"$work/kept-list" 2>&1 || [ $tries -eq 600 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
    kill -TERM $!
    wait $!
    grep -q 'signal 15' "$work/kept.end" || wrong 'the run did not notice the signal'
    slow "$work/kept" 0 >"$work/got" 2>"$work/log" || wrong 'cannot resume'
    cmp -s "$work/want" "$work/got" || wrong "other bits: $(cat "$work/want" "$work/got")"
    ;;
  full) # The disk of rank 0 is full.
    mkdir -p "$work/kept"
    mount -t tmpfs -o size=8k none "$work/kept" 2>/dev/null || exit 77
    fails slow "$work/kept 0" 'rank 0 of .*(No space left|cannot write)'
    umount "$work/kept"
    ;;
esac
exit $status
