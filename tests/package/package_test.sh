#!/usr/bin/env bash
# One way in which the library reaches a program: package_test.sh ROUTE BUILD_FOLDER COMPILER
# The build folder is that of the release preset; everything that is made lies in its tests/package.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
route=$1 build=$2 compiler=$3
world="$build/tests/package"
installed="$world/installed" shared="$world/shared" shared_installed="$world/shared_installed"
other_compiler=g++-12
export CCACHE_BASEDIR="$root"
launcher=$(command -v ccache || true)

fail() { printf '%s\n' "$@" >&2; exit 1; }
quietly() { "$@" > "$work/log" 2>&1 || { tail -n 60 "$work/log" >&2; fail "failed: $*"; }; }
heard() { [[ $("$@") == 'heard hello' ]] || fail "this program does not hear its echo: $*"; }

finds() { grep -- "$1" > /dev/null; }  # unlike grep -q it reads on, so that its writer lives

configure() {  # configure SOURCE FOLDER [OPTION]...
  local source=$1 folder=$2
  shift 2
  quietly cmake -S "$source" -B "$folder" -G Ninja "-DCMAKE_CXX_COMPILER=$compiler" \
    "-DCMAKE_CXX_COMPILER_LAUNCHER=$launcher" "$@"
}

consume() {  # consume ROUTE [OPTION]...: builds the consumer and runs it
  configure "$here/consumer" "$work" "-DROUTE=$1" "-DROTA_SOURCE=$root" "${@:2}"
  quietly cmake --build "$work"
  heard "$work/consumer"
}

find_by_pkg_config() {  # find_by_pkg_config PREFIX ARGUMENT...
  local libraries=("$1"/lib/pkgconfig "$1"/lib/*/pkgconfig)
  PKG_CONFIG_PATH=$(IFS=:; echo "${libraries[*]}") pkg-config "${@:2}" rota
}

# Nothing of ours lies outside of folders of ours, and every public header is there.
installs_what_is_public_and_nothing_else() {
  rm -rf "$installed"
  quietly cmake --install "$build" --prefix "$installed"
  diff -r "$root/include/rota" "$installed/include/rota" ||
    fail 'what is installed is not what is public'
  local strays
  strays=$(find "$installed" -type f -printf '%P\n' |
    grep -Ev '^(include/rota(-model)?|lib/cmake/rota)/' | sort)
  local wanted=(bin/rota lib/librota.a lib/librota_model.a lib/pkgconfig/rota.pc
    share/man/man1/rota.1.gz share/rota/rota.cppm)
  [[ $strays == "$(printf '%s\n' "${wanted[@]}")" ]] ||
    fail 'something else is installed:' "$strays"

  local program="$installed/bin/rota" version command
  version=$(find_by_pkg_config "$installed" --modversion)
  [[ $("$program" --version) == "rota $version" ]] || fail 'the program is of another version'
  while read -r command; do
    gunzip -c "$installed/share/man/man1/rota.1.gz" | finds "^\.B $command$" ||
      fail "rota.1 lacks $command"
  done < <("$program" --help | sed -n '/^Subcommands/,/^$/s/^  \([a-z]*\) .*/\1/p')
}

# The program has assertions, the library has none: no layout depends on that.
find_package() {
  consume find_package -DCOMPONENTS=model "-DCMAKE_PREFIX_PATH=$installed" -DCMAKE_BUILD_TYPE=Debug
  quietly "$work/model_consumer"
}

pkg_config() {
  local -a flags
  read -ra flags < <(find_by_pkg_config "$installed" --cflags --libs --static)
  quietly "$compiler" -std=c++23 "$here/consumer/main.cpp" -o "$work/consumer" "${flags[@]}"
  heard "$work/consumer"
}

# The same program, importing what it else includes.
module() {
  local -a flags compile=("$compiler" -std=c++23)
  local name
  while read -r name; do  # whatever the examples use
    grep -q "using rota::$name;" "$root/modules/rota.cppm" || fail "rota::$name is not exported"
  done < <(grep -hoP '\brota::\K(?!(model|rota)\b)\w+' "$root"/examples/*.cpp | sort -u)
  read -ra flags < <(find_by_pkg_config "$installed" --cflags)
  sed -e '/^#include <rota/d' -e '0,/^namespace {/s//#include <coroutine>\nimport rota;\n&/' \
    "$here/consumer/main.cpp" > "$work/main.cpp"
  grep -q '^import rota;' "$work/main.cpp" || fail 'the program does not import the module'
  quietly "${compile[@]}" "${flags[@]}" --precompile -o "$work/rota.pcm" \
    "$(find_by_pkg_config "$installed" --variable=module_source)"
  read -ra flags < <(find_by_pkg_config "$installed" --libs --static)
  quietly "${compile[@]}" "-fmodule-file=rota=$work/rota.pcm" "$work/main.cpp" "$work/rota.pcm" \
    -o "$work/consumer" "${flags[@]}"
  heard "$work/consumer"
}

small_program() {  # what takes anything of the library has its marks
  printf '#include <rota/address.hpp>\nint main() { return rota::Address::loopback(0).port(); }\n'
}

# refused PROGRAM_IS LIBRARY_IS COMPILER [OPTION]...: the linker's message has both names
refused() {
  local program=$1 library=$2 log="$work/refused.log"
  shift 2
  if "$@" -std=c++23 "$work/small.cpp" -o "$work/small" "${flags[@]}" > "$log" 2>&1; then
    fail "this links, and should not: $*"
  fi
  grep -q "this_program_needs_a_rota_library_of<.*$program" "$log" ||
    { cat "$log"; fail "the message does not say that the program is of $program"; }
  [[ -z $library ]] || grep -q "this_rota_library_needs_a_program_of<.*$library" "$log" ||
    { cat "$log"; fail "the message does not say that the library is of $library"; }
}

mixed_builds_do_not_link() {
  local -a flags
  read -ra flags < <(find_by_pkg_config "$installed" --cflags --libs --static)
  small_program > "$work/small.cpp"
  quietly "$compiler" -std=c++23 -O2 -fvisibility=hidden -Wl,--gc-sections \
    "$work/small.cpp" -o "$work/small" "${flags[@]}"
  quietly "$work/small"
  refused 'Gcc<12>.*NoSanitizer' 'Clang<[0-9]*>.*NoSanitizer' "$other_compiler"
  refused 'Clang<.*AddressSanitizer' 'NoSanitizer' "$compiler" -fsanitize=address
  refused 'Clang<.*ThreadSanitizer' 'NoSanitizer' "$compiler" -fsanitize=thread -Wl,--gc-sections
  refused 'LibstdcxxWithDebugContainers' 'Libstdcxx,' "$compiler" -D_GLIBCXX_DEBUG
}

# The classes of the runtime's inside are hidden, and for the reason in sched/seat.hpp it has few
# thread-locals.
shared_library_exports_what_is_public() {
  rm -rf "$shared_installed"
  configure "$root" "$shared" -DBUILD_SHARED_LIBS=ON -DROTA_BUILD_TESTS=OFF \
    -DROTA_BUILD_CLI=OFF -DROTA_BUILD_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX=/usr
  quietly cmake --build "$shared"
  quietly cmake --install "$shared" --prefix "$shared_installed"
  local library name
  library=$(echo "$shared_installed"/lib/*/librota.so)
  nm -DC --defined-only "$library" | sed -nE 's/^[^ ]+ [TDBR] (rota::.*)/\1/p' > "$work/exported"
  grep -q '^rota::v0::run(' "$work/exported" || fail 'the library does not export rota::run'
  while read -r name; do
    grep -rqw -- "$name" "$root/include/rota" || fail "the library exports $name, which is private"
  done < <(sed -nE 's/^rota::v0::(\w+).*/\1/p' "$work/exported" | sort -u)
  if grep -E '^rota::v0::(Fiber|ForkStore|Worker)::' "$work/exported"; then
    fail 'the library exports a class of which the public headers know the name only'
  fi
  readelf -dW "$library" | finds 'SONAME.*librota\.so\.0]' || fail 'the soname is not librota.so.0'
  local bytes alignment
  read -r bytes alignment < <(readelf -lW "$library" | awk '$1 == "TLS" { print $6, $NF }')
  ((bytes <= 320 && alignment <= 64)) ||
    fail "the library has $((bytes)) bytes of thread-locals, aligned to $((alignment))"
}

find_package_shared() {
  consume find_package "-DCMAKE_PREFIX_PATH=$shared_installed" -DCMAKE_BUILD_TYPE=Debug
  ldd "$work/consumer" | finds 'librota\.so\.0 => .*/shared_installed/' ||
    fail 'the program does not use the shared library'
  # No message of a shared library's own: it cannot know what a program lets it see.
  local -a flags
  read -ra flags < <(find_by_pkg_config "$shared_installed" --cflags --libs)
  small_program > "$work/small.cpp"
  refused 'Gcc<12>' '' "$other_compiler"
}

# A program that knows nothing of the library loads it late, with what was linked to it.
plug_in() {
  local -a flags
  read -ra flags < <(find_by_pkg_config "$shared_installed" --cflags --libs)
  quietly "$compiler" -std=c++23 -shared -fPIC -Dmain=plug_in \
    "$here/consumer/main.cpp" -o "$work/plug_in.so" "${flags[@]}" \
    "-Wl,-rpath,$(find_by_pkg_config "$shared_installed" --variable=libdir)"
  heard python3 -c "import ctypes; raise SystemExit(ctypes.CDLL('$work/plug_in.so')._Z7plug_inv())"
}

field() { dpkg-deb -f "$1" "$2"; }

# CPack writes scripts that call ldconfig for every shared library, beside the trigger that Debian
# wants; twice is harmless.
read_by_lintian() {
  lintian --allow-root --fail-on error,warning --suppress-tags maintscript-calls-ldconfig "$@"
}

# The packages are unpacked into a folder; to install them takes a root.
debian() {
  local tree="$work/tree" version package
  rm -rf "$tree" "$work/packages"
  (cd "$shared" && quietly cpack -G DEB -B "$work/packages")
  (cd "$build" && quietly cpack -G DEB -B "$work/packages")
  version=$(find_by_pkg_config "$installed" --modversion)
  for package in librota0 librota-dev rota-tools; do
    package=$(echo "$work/packages/${package}_${version}_"*.deb)
    [[ -f $package ]] || fail "$package was not made"
    dpkg-deb -x "$package" "$tree"
    local folder; folder="$tree/usr/share/doc/$(field "$package" Package)"
    grep -q '^License: Expat' "$folder/copyright" || fail "$package has no licence"
    gunzip -t "$folder/changelog.gz" || fail "$package has no changelog"
  done
  read_by_lintian "$work/packages"/*.deb > "$work/lintian" 2>&1 &
  local lintian=$!
  for linked in liburing2 libc-ares2 libstdc++6; do
    [[ $(field "$work/packages"/librota0_*.deb Depends) == *$linked* ]] ||
      fail "librota0 does not depend on $linked"
  done
  [[ $(field "$work/packages"/librota-dev_*.deb Depends) == "librota0 (= $version)" ]] ||
    fail 'librota-dev does not depend on its library'
  dpkg-deb -I "$work/packages"/librota0_*.deb triggers | finds 'activate-noawait ldconfig' ||
    fail 'librota0 does not have ldconfig run'
  [[ $("$tree/usr/bin/rota" --version) == "rota $version" ]] || fail 'rota-tools does not run'

  local -a flags
  read -ra flags < <(find_by_pkg_config "$tree/usr" --cflags --libs)
  quietly "$compiler" -std=c++23 "$here/consumer/main.cpp" -o "$work/consumer" "${flags[@]}"
  local libraries; libraries=$(dirname "$(find "$tree" -name librota.so.0)")
  LD_LIBRARY_PATH="$libraries" heard "$work/consumer"
  wait "$lintian" || { cat "$work/lintian"; fail 'lintian finds something in the packages'; }
}

add_subdirectory() { consume add_subdirectory; }
fetch_content() {
  consume fetch_content "-DFETCHCONTENT_SOURCE_DIR_ROTA=$root"
}

declare -F "$route" > /dev/null || fail "no such route: $route"
work="$world/$route"
mkdir -p "$work"
"$route"
echo "$route works"
