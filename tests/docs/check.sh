#!/bin/sh
# check.sh ROOT: keeps the C++ of the documentation true. Every block fenced as cpp in README.md and
# docs/*.md is either a whole program, which must compile against the installed package, or an
# excerpt, which must stand in the sources word for word (indentation aside).
set -eu

root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One file per block; the first line of each says where it comes from.
awk -v work="$work" '
  /^[ ]*```/ && inside { inside = 0; close(file); next }
  /^[ ]*```cpp/ {
    inside = 1
    file = sprintf("%s/%03d.cpp", work, ++blocks)
    print "#line " FNR + 1 " \"" FILENAME "\"" > file
    next
  }
  inside { print > file }
' $(find "$root/README.md" "$root/docs" -name '*.md')

# The headers are read once for all programs; GCC spends most of its time there.
printf '#include <xtape.hpp>\n' >"$work/headers.hpp"
flags="-std=c++20 $(pkg-config --cflags xtape)"
"$CXX" $flags -x c++-header "$work/headers.hpp" -o "$work/headers.hpp.gch"

sources=$(find "$root/examples" "$root/tests" "$root/nn" "$root/autograd" "$root/tensor" \
  -name '*.[ch]pp')
status=0
for block in "$work"/*.cpp; do
  [ -f "$block" ] || continue
  where=$(sed -n '1s/#line \([0-9]*\) "\(.*\)"/\2:\1/p' "$block")
  if grep -q 'int main' "$block"; then
    echo "compiling $where"
    includes=
    grep -q '^ *#include <xtape\.hpp>' "$block" && includes="-include $work/headers.hpp"
    "$CXX" $flags $includes -fsyntax-only "$block" || status=1
  elif ! awk '
      function add_line() { sub(/^[ \t]+/, ""); text = text $0 "\n" }
      FNR == 1 && NR > 1 { if (!excerpt) excerpt = text; else if (index(text, excerpt)) found = 1
                           text = "\n" }
      NR == 1 { text = "\n"; next }
      { add_line() }
      END { exit !(found || index(text, excerpt)) }
    ' "$block" $sources; then
    echo "$where: this excerpt stands in no source file"
    status=1
  fi
done
exit $status
