#!/bin/sh
# terminal.sh PROGRAM ROOT: how `mnist train` shows its progress in a terminal. Skipped (77) where
# there are no pseudo-terminals, as in a chroot without /dev/pts, or no `script` to run a program in
# one.
. "$(dirname "$0")/../common.sh"
escape=$(printf '\033')

# While one of its ends is open, a pseudo-terminal has its other in /dev/pts.
if ! (exec 3<>/dev/ptmx && ls /dev/pts/[0-9]*) >/dev/null 2>&1; then
  echo 'skipped: there are no pseudo-terminals here'
  exit 77
fi
command -v script >/dev/null || skip "there is no 'script' to run a program in a terminal"

# in_terminal VARIABLE=VALUE...: what a terminal of 60 columns gets, with the bar or without.
in_terminal() {
  script -q -e -c "stty cols 60 && env $* '$program' train --dataset synthetic --epochs 2 \
    --hidden 800 --threads 1" /dev/null </dev/null >terminal || complain "$*: exit status $?"
}

in_terminal TERM=xterm
grep -q "epoch [12]/2 \[$escape" terminal || complain "no bar in: $(cat -v terminal)"
tr '\r' '\n' <terminal | sed "s/$escape\[[0-9]*[mK]//g" | awk '
  /left/ && length > 59 { print "too wide: " $0; failed = 1 } END { exit failed }
' || failed=1
in_terminal TERM=xterm NO_COLOR=1
grep -q 'epoch [12]/2 \[=*>' terminal || complain "no plain bar in: $(cat -v terminal)"
in_terminal TERM=dumb
! grep -q "$escape" terminal || complain "TERM=dumb: $(cat -v terminal)"
exit $failed
