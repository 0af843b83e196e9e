#!/usr/bin/env bash
# Builds and runs the canaries with one compiler at one level of optimisation:
#   run_cell.sh clang++|g++ -O0|-O2
# The compilers are called directly, so that the library's flags cannot hide what they do.
set -euo pipefail

case ${1:-} in
  clang++) compiler=clang++-19 ;;
  g++) compiler=g++-12 ;;
  *) echo 'usage: run_cell.sh clang++|g++ -O0|-O2' >&2; exit 2 ;;
esac
family=$1 level=$2
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v "$compiler" > /dev/null ||
  { echo "$compiler is not installed; tools/bootstrap.sh --group test installs it"; exit 1; }
"$compiler" --version | head -n 1

flags=(-std=c++23 "$level")
# Below -O2, g++ makes a symmetric transfer a tail call only when told to.
if [[ $family == g++ ]]; then flags+=(-foptimize-sibling-calls); fi

compile() { "$compiler" "${flags[@]}" "$1" -c -o "$2"; }
for source in "$here"/*.cpp; do compile "$source" "$work/$(basename "$source" .cpp).o"; done
"$compiler" "$work"/*.o -o "$work/canary"
changed=0
"$work/canary" "$family" || changed=1

# Shapes that g++ 12 does not compile at all. The first line of each says with which words.
probes=0
for source in "$here"/refused/*.cpp; do
  name="refused/$(basename "$source")" probes=$((probes + 1))
  words=$(sed -n '1s/^.*refused by g++ 12: //p' "$source")
  [[ -n $words ]] || { echo "$name does not say in its first line what g++ 12 says"; exit 1; }
  if compile "$source" "$work/probe.o" 2> "$work/probe.log"; then
    "$compiler" "$work/probe.o" -o "$work/probe"
    if "$work/probe"; then outcome=right; else outcome=wrong; fi
  elif grep -qF "$words" "$work/probe.log"; then
    outcome=refused
  else
    outcome=broken
    cat "$work/probe.log"
  fi
  if [[ $family == g++ ]]; then wanted=refused; else wanted=right; fi
  if [[ $outcome == "$wanted" ]]; then verdict='as known'; else verdict=CHANGED changed=1; fi
  printf '%-8s %-7s %s\n' "$verdict" "$outcome" "$name"
done
((probes > 0)) || { echo 'no probe was found in refused/'; exit 1; }

if ((changed)); then
  echo "What $compiler $level makes of a shape has changed: see the lines marked CHANGED, then"
  echo 'correct the table beside the shape, and what the documentation says about it.'
fi
exit "$changed"
