#!/usr/bin/env bash
# What the first page promises: entrance_test.sh BUILD_FOLDER
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
build=$1

# Every program that README.md names is among what ./run builds.
read -r -a targets < <(sed -n 's|^"$root/tools/build.sh" release ||p' "$root/run")
((${#targets[@]})) || { echo './run builds no target of the release preset'; exit 1; }
built=$(ninja -C "$build" -t commands "${targets[@]}")
named=0
while read -r program; do
  named=$((named + 1))
  grep -q -- " -o $program " <<< "$built" ||
    { echo "README.md names build/release/$program, which ./run does not build"; exit 1; }
done < <(grep -o 'build/release/[a-z_/]*' "$root/README.md" | sed 's|build/release/||' | sort -u)
((named > 0)) || { echo 'README.md names no program'; exit 1; }

# Every package that configuring looks for is in the group that ./run installs.
packages=$("$root/tools/bootstrap.sh" --list --group core | tr -d -)
while read -r wanted; do
  case $wanted in
    threads) continue ;;  # with the C library
    rota) continue ;;     # by the consumer of tests/package
  esac
  grep -q "$wanted" <<< "$packages" ||
    { echo "no package of group core is for '$wanted', which CMake requires"; exit 1; }
done < <(find "$root/CMakeLists.txt" "$root"/{cmake,src,cli,examples,tests} \
           \( -name CMakeLists.txt -o -name '*.cmake' \) -exec cat {} + |
         sed -nE 's/^ *find_package\((\w+).*REQUIRED.*/\1/p
                  s/^ *pkg_check_modules\((\w+) REQUIRED.*/\1/p' |
         tr '[:upper:]' '[:lower:]' | sort -u)
echo 'the first page holds'
