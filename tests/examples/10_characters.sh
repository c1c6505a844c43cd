#!/bin/sh
# 10_characters.sh PROGRAM ROOT: examples/10_characters.cpp learns a text that this script makes, writes
# some more of it, and says what is wrong with a file.
. "$(dirname "$0")/common.sh"

# A text that is easy to learn.
awk 'BEGIN { for (i = 0; i < 100; ++i) print "the quick brown fox jumps over the lazy dog" }' >text

ends 0 "$program" text 8
cat stdout
holds stdout '^4400 characters, 28 different ones$'
awk '/nats a character of held-out text$/ && $1 < 0.5 { good = 1 } END { exit !good }' stdout ||
  complain 'expected less than 0.5 nats'
sed '1,/nats a character/d' stdout >written
[ "$(wc -c <written)" -gt 600 ] || complain 'it wrote too little'
holds written 'quick brown'

ends 1 "$program" nowhere
said 'a file that does not exist' 'nowhere: *'
echo 'a short text' >short
fails 1 'short: expected a text of 2000 characters or more' "$program" short
exit $failed
