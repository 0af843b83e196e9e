#!/usr/bin/env bash
# Another project adds this folder: it gets the language level and the headers, and neither the
# project's warnings nor its tests. consumer_test.sh COMPILER
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT

cat > "$world/CMakeLists.txt" <<PROJECT
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
add_subdirectory("$root" rota)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE rota::rota)
PROJECT
cat > "$world/main.cpp" <<'PROGRAM'
#include <rota/rota.hpp>

// Four things that the warnings of Rota refuse in its own sources.
int narrowed(long wide, int unused) {
  int i = wide;
  for (int i = 0; i < 2; ++i) wide += i;
  return i;
}
int main() { return narrowed(0, 1); };
PROGRAM
cmake -S "$world" -B "$world/build" -G Ninja "-DCMAKE_CXX_COMPILER=$1" > "$world/log" 2>&1 ||
  { cat "$world/log"; exit 1; }
ninja -C "$world/build" CMakeFiles/consumer.dir/main.cpp.o > "$world/log" 2>&1 ||
  { cat "$world/log"; echo "a user's sources are compiled as if they were Rota's"; exit 1; }
if ninja -C "$world/build" -t targets all | grep -E 'gtest|task_scenarios|rota_cli|example_'; then
  echo "a user's project builds Rota's own programs"
  exit 1
fi
echo 'a user gets the library alone'
