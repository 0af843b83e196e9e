#pragma once

namespace rota::inline v0 {

/// The version of these headers; the library's is the same, or linking fails (core/build_mark.hpp).
/// The build takes its version from here.
inline constexpr int version_major = 0;
/// Before 1.0 another minor version is another interface.
inline constexpr int version_minor = 1;
/// Another patch is not.
inline constexpr int version_patch = 0;

}  // namespace rota::inline v0
