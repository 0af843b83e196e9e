# One interface target carries what every translation unit of the project is compiled with.
add_library(rota_options INTERFACE)
target_compile_features(rota_options INTERFACE cxx_std_23)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Offsets of 64 bits everywhere; without it glibc's aiocb ends in an array of no elements besides.
target_compile_definitions(rota_options INTERFACE _FILE_OFFSET_BITS=64)

target_compile_options(rota_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  -fno-omit-frame-pointer)
if(ROTA_WARNINGS_AS_ERRORS)
  target_compile_options(rota_options INTERFACE -Werror)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 makes symmetric transfer a tail call only with sibling-call optimisation, which -O0
  # and -Og leave out: so whoever compiles coroutines against the library needs it.
  set(ROTA_GNU_COROUTINES -fcoroutines -foptimize-sibling-calls)
  # Its -Wmaybe-uninitialized misfires on coroutine frames, its -Wrestrict on the concatenation of
  # strings (GCC bug 105651).
  target_compile_options(rota_options INTERFACE
    ${ROTA_GNU_COROUTINES} -Wno-maybe-uninitialized -Wno-restrict)
  if(ROTA_UNITY)
    # It takes an anonymous namespace in a source of a unit for one in a header.
    target_compile_options(rota_options INTERFACE -Wno-subobject-linkage)
  endif()
endif()

if(ROTA_SANITIZE STREQUAL "address-undefined")
  # The vptr check opens a pipe to look at memory, and reports an error where no fd is left: which
  # is what some tests are about.
  set(rota_sanitizer_flags
    -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Checks of addresses that are calls compile in three quarters of the time.
    list(APPEND rota_sanitizer_flags -fsanitize-address-outline-instrumentation)
  endif()
elseif(ROTA_SANITIZE STREQUAL "thread")
  set(rota_sanitizer_flags -fsanitize=thread)
elseif(NOT ROTA_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ROTA_SANITIZE must be empty, address-undefined or thread, not '${ROTA_SANITIZE}'")
endif()
if(rota_sanitizer_flags)
  target_compile_options(rota_options INTERFACE ${rota_sanitizer_flags})
  target_link_options(rota_options INTERFACE ${rota_sanitizer_flags})
endif()

# The dearest headers of the standard library, for whoever precompiles headers.
set(ROTA_STANDARD_PRELUDE
  <algorithm> <chrono> <expected> <memory> <optional> <string> <system_error> <utility> <vector>)

find_program(ROTA_CCACHE ccache)
if(ROTA_CCACHE AND PROJECT_IS_TOP_LEVEL)  # another project has its own launcher, or wants none
  # What a precompiled header needs to be cached: no time stamps, and macros taken from it.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${ROTA_CCACHE}")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(rota_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  find_program(ROTA_LLD NAMES ld.lld-19 ld.lld)
  if(ROTA_LLD)
    target_link_options(rota_options INTERFACE "--ld-path=${ROTA_LLD}")
  endif()
endif()
