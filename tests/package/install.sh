#!/bin/sh
# install.sh BUILD: installs the build folder to $PREFIX. The package must not force the flags of the
# machine it was built on upon its users.
set -eu

rm -rf "$PREFIX"
"$CMAKE" --install "$1" --prefix "$PREFIX"
if find "$PREFIX" -name '*.cmake' -o -name '*.pc' | xargs grep -- '-march\|-Wall\|-O3'; then
  echo "the package exports compiler flags (above)"
  exit 1
fi
