#pragma once

#include <rota/core/platform.hpp>
#include <rota/version.hpp>

#include <type_traits>

namespace rota::inline v0 {

/// What a program and the library that it links must have in common: the version of the headers,
/// whose inline functions both compile; the compiler, as coroutine frames are its own affair; the
/// layout of the standard library's types; and the sanitizer, under which a stack or a frame that
/// only one side knows of is an error. Types, because their names are what a linker prints.
///
/// Assertions are not among it: no layout depends on them, so that a program under development may
/// link a library that was built to be fast. `tools/tidy` refuses a conditional on NDEBUG.
namespace build {

template <int major, int minor>
struct Version;

template <int major>
struct Clang;
template <int major>
struct Gcc;
using Compiler = std::conditional_t<compiler_is_clang, Clang<compiler_major>, Gcc<compiler_major>>;

struct Libstdcxx;
struct LibstdcxxWithDebugContainers;
struct Libcxx;
using StandardLibrary = std::conditional_t<
    standard_library_is_libcxx, Libcxx,
    std::conditional_t<has_debug_containers, LibstdcxxWithDebugContainers, Libstdcxx>>;

struct NoSanitizer;
struct AddressSanitizer;
struct ThreadSanitizer;
using Sanitizer =
    std::conditional_t<address_sanitizer, AddressSanitizer,
                       std::conditional_t<thread_sanitizer, ThreadSanitizer, NoSanitizer>>;

}  // namespace build

template <class Version, class Compiler, class StandardLibrary, class Sanitizer>
struct Build;

/// How the present translation unit is compiled.
using ThisBuild = Build<build::Version<version_major, version_minor>, build::Compiler,
                        build::StandardLibrary, build::Sanitizer>;

using BuildMark = void (*)() noexcept;

/// Defined by a library that was built so, and referred to by each source that includes its
/// headers.
template <class HowItIsCompiled>
void this_program_needs_a_rota_library_of() noexcept;
/// Defined by each source of such a program, and referred to by the static library.
template <class HowItWasCompiled>
void this_rota_library_needs_a_program_of() noexcept;

}  // namespace rota::inline v0
