#!/bin/sh
# lint.sh: rules that hold for the sources as a whole. Prints each line that breaks one; exit status
# 1 if there is any.
set -u
cd "$(dirname "$0")/.." || exit 1

broken=0

# rule RULE LINES: the lines that break a rule, if any.
rule() {
  [ -n "$2" ] || return 0
  printf 'lint: %s:\n%s\n' "$1" "$2"
  broken=1
}

sources=$(find tensor autograd nn examples -name '*.[ch]pp' | LC_ALL=C sort)
if [ "$(printf '%s\n' "$sources" | wc -l)" -lt 100 ]; then
  rule 'the sources are searched' 'too few of them were found'
fi

# code PATTERN [FILE...]: the lines of code, comments left out, that match PATTERN.
code() {
  pattern=$1
  shift
  [ $# -gt 0 ] || set -- $sources
  awk -v pattern="$pattern" '
    { line = $0; sub(/\/\/.*/, "", line) }
    line ~ pattern { print FILENAME ":" FNR ": " $0 }' "$@"
}

# Rooms by floor. A file includes its own floor and those below; nothing includes the tests.
rule 'includes run down the house' "$(awk '
  function floor_of(path) {
    if (path ~ /^tensor\//) return 0
    if (path ~ /^autograd\//) return 1
    if (path ~ /^nn\/((layers|optim|data|io)\/)?[^\/]*$/) return 2
    if (path ~ /^nn\/train\//) return 3
    if (path ~ /^(nn\/(datasets|onnx|report|distributed)\/|xtape\.hpp$)/) return 4
    if (path ~ /^examples\//) return 5
    return -1
  }
  /^[ \t]*#[ \t]*include[ \t]*["<]/ {
    split($0, part, /["<>]/)
    ours = part[2] ~ /^((tensor|autograd|nn|examples|tests|benchmarks)\/|xtape\.hpp$)/
    if ((ours || $0 ~ /"/) && (floor_of(part[2]) < 0 || floor_of(part[2]) > floor_of(FILENAME)))
      print FILENAME ":" FNR ": " $0
  }' xtape.hpp $sources)"

# At -O2 with AVX, GCC 12 stores {1, 1, 1, 1} for an argument {1, 1, 1, 0} that is passed in memory.
rule 'options of ops and layers are passed by reference' "$(
  code 'Options options[ ,)]' $(printf '%s\n' "$sources" | grep '^autograd/ops/\|^nn/layers/') |
  grep -v 'const [A-Za-z0-9:]*Options')"

rule 'no source starts another program' \
  "$(code '(^|[^a-zA-Z_])(system|popen|v?fork|wordexp|dlopen|posix_spawnp?|exec(l|le|lp|v|ve|vp|vpe))[ ]*\(')"

rule 'files are written in two places, which create them safely' \
  "$(code 'std::o?fstream|(^|[^a-zA-Z_])(f(re)?open|creat|O_WRONLY|O_RDWR|O_CREAT)([^a-zA-Z_]|$)' |
  grep -v '^nn/io/files\.cpp:\|^nn/io/append_file\.cpp:')"

rule 'temporary files lie beside the file that they replace' \
  "$(code '(^|[^a-zA-Z_])(tmpnam|tempnam|mktemp|tmpfile|temp_directory_path)([^a-zA-Z_]|$)')"

rule 'the program prints by a function that knows what standard output refuses' \
  "$(code 'fmt::print[(]|(^|[^a-zA-Z_])(puts|printf|putchar|cout)([^a-zA-Z_]|$)' \
  $(printf '%s\n' "$sources" | grep '^examples/[a-z]'))"

# clang-tidy reads several sources as one, where a name that one does not use may be used in another.
rule 'a using-declaration of a source is used there' "$(
  for source in $(printf '%s\n' "$sources" | grep 'cpp$'); do
    for name in $(sed -n 's/^ *using [A-Za-z_:]*::\([A-Za-z_]*\);.*/\1/p' "$source"); do
      [ "$(grep -v '^ *using ' "$source" | grep -cw "$name")" -gt 0 ] || echo "$source: $name"
    done
  done
)"

# Then macros of a program, such as `#define N 100`, change nothing, and C++17 gives one clear error.
rule 'headers that programs include begin with hide_macros.hpp and end with restore_macros.hpp' "$(
  headers=$(grep -o '`nn/[a-z0-9_/]*[.]hpp`' docs/install.md | tr -d '`' | sort -u)
  [ "$(printf '%s\n' "$headers" | wc -l)" -ge 10 ] || echo 'docs/install.md: names fewer than 10 headers'
  for header in $headers; do
    [ "$(sed -n '3p;$p' "$header" | tr '\n' ' ')" = \
      '#include "tensor/hide_macros.hpp" #include "tensor/restore_macros.hpp" ' ] || echo "$header"
  done
)"

rule 'a file has at most 400 lines' "$(
  find *.* run .ci tensor autograd nn examples tests benchmarks cmake docs \
    -type f ! -name '*.pyc' -exec wc -l {} + |
    awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines" }'
)"

rule 'no source includes another source' "$(code '^#include .*[.]cpp[">]')"

# Code is left out, because a lambda looks like a link: `[=](auto y)`.
rule 'links in the documentation lead to files' "$(
  for page in README.md CONTRIBUTING.md CHANGELOG.md $(find docs -name '*.md'); do
    awk '/^ *```/ { code = !code } !code { gsub(/`[^`]*`/, "code"); print }' "$page" |
      grep -o ']([^)#]*' | sed 's/^](//' | grep -v '^https\{0,1\}:' | LC_ALL=C sort -u |
      while read -r link; do
        [ -z "$link" ] || [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
      done
  done
)"

exit $broken
