#!/usr/bin/env bash
# The reference is made without a warning, and lacks nothing: reference_test.sh BUILD_FOLDER
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

make_reference() {  # make_reference INPUT: as the target `docs` does, somewhere else
  sed -e "s|^OUTPUT_DIRECTORY .*|OUTPUT_DIRECTORY = \"$folder/out\"|" \
      -e "s|^INPUT .*|INPUT = \"$1\"|" "$build/Doxyfile" > "$folder/Doxyfile"
  "$root/tools/reference.py" "$folder/Doxyfile" > "$folder/said" 2>&1
}
build=$1

status=0
make_reference "$root/include/rota" || status=$?
if ((status != 0)); then cat "$folder/said"; exit "$status"; fi
[[ -s $folder/out/html/index.html ]] || { echo 'no page was made'; exit 1; }

# It can fail: by a warning, by a type without a comment, by a folder with nothing in it.
expect_finding() {  # expect_finding WORDS TEXT: of a header with that text
  rm -rf "$folder/planted"
  mkdir "$folder/planted"
  printf 'namespace rota::inline v0 {\n%s\n}\n' "$2" > "$folder/planted/a.hpp"
  if make_reference "$folder/planted"; then echo "not found: $1"; exit 1; fi
  grep -q -- "$1" "$folder/said" || { echo "not said: $1"; cat "$folder/said"; exit 1; }
}
expect_finding 'struct rota::A has no comment' $'/// Said.\nstruct B {};\nstruct A { int a; };'
expect_finding 'function f has no comment' $'/// Said.\nstruct B {};\nvoid f();'
expect_finding 'Unsupported xml/html tag' $'/// Of <iterator>.\nstruct B {};'
expect_finding 'has found nothing' ''
echo 'the reference lacks nothing'
