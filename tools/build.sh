#!/usr/bin/env bash
# Configures and builds one preset, quietly: tools/build.sh PRESET [TARGET]...
# On a terminal it shows where the build stands; everything it printed is in build/PRESET.log, and
# is shown when the build fails. Nothing at all is printed when nothing had to be built.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
preset=${1:?usage: tools/build.sh PRESET [TARGET]...}
shift
log="$root/build/$preset.log"
mkdir -p "$root/build"

build() {
  # CMake reconfigures by itself when its input changed; here only the first time is needed.
  if [[ ! -f "$root/build/$preset/build.ninja" ]]; then
    cmake -S "$root" --preset "$preset" || return
  fi
  cmake --build "$root/build/$preset" ${1:+--target "$@"}
}

show_progress() {  # ninja's "[12/80] Building ..." lines: the last one on a terminal, else once
  local line told=no
  while IFS= read -r line; do
    [[ $line == '['[1-9]*'/'*']'* ]] || continue
    if [[ -t 2 ]]; then
      printf '\r\033[K%s' "${line:0:78}" >&2
    elif [[ $told == no ]]; then
      printf 'building %s\n' "$preset" >&2
    fi
    told=yes
  done
  if [[ $told == yes && -t 2 ]]; then printf '\r\033[K' >&2; fi
}

if ! build "$@" 2>&1 | tee "$log" | show_progress; then
  tail -n 60 "$log" >&2
  printf 'the build of preset %s failed; all of its output is in build/%s.log\n' \
    "$preset" "$preset" >&2
  exit 1
fi
