#!/bin/sh
# debian.sh ROOT BUILD: packs the build folder with cpack and looks at what is in the packages.
# (Whether they install and work is for a clean Debian to say.)
set -eu

root=$1
build=$2
here=$(dirname "$0")
if ! command -v dpkg-shlibdeps >/dev/null; then
  echo "no dpkg-dev"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$CPACK" --config "$build/CPackConfig.cmake" -G DEB -B "$work" >"$work/log" 2>&1 || {
  cat "$work/log"
  exit 1
}
status=0

# The files of a package, whatever this machine calls its folder of libraries.
files_of() {
  dpkg-deb --fsys-tarfile "$1" | tar -t | grep -v '/$' |
    sed 's|^\./||; s|/lib/[^/]*-linux-gnu[^/]*/|/lib/|; s|Targets-[a-z]*\.cmake|Targets-CONFIG.cmake|' | sort
}

# check_package NAME LIST DEPENDENCY...: exactly the files of LIST, and the dependencies (patterns).
check_package() {
  package=$(echo "$work/$1"_*.deb)
  files_of "$package" >"$work/files"
  if ! diff "$2" "$work/files"; then
    echo "$1: other files than expected (<)"
    status=1
  fi
  shift 2
  depends=$(dpkg-deb --field "$package" Depends)
  for dependency; do
    if ! echo "$depends" | tr ',' '\n' | grep -qE "^ *$dependency( |$)"; then
      echo "$package does not depend on $dependency: $depends"
      status=1
    fi
  done
  dpkg-deb --field "$package"
}

(
  cd "$root" && find xtape.hpp tensor autograd nn -name '*.hpp' | sed 's|^|usr/include/xtape/|'
  cat "$here/libxtape-dev.files"
) | sort >"$work/expected"
# MPI may be missing where the packages are made.
[ -e "$build/libxtape_mpi.a" ] || sed -i '/[_-]mpi[.T]/d' "$work/expected"
check_package libxtape-dev "$work/expected" \
  libxtensor-dev xtl-dev libfmt-dev libopenblas-dev zlib1g-dev
if [ -e "$(echo "$work"/xtape-mnist_*)" ]; then # not without the examples
  for program in mnist cifar10; do
    check_package xtape-$program "$here/xtape-$program.files" \
      libc6 'libstdc\+\+6' 'libfmt[0-9]+' libopenblas0
  done
fi
exit $status
