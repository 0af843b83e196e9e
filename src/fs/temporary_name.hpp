#pragma once

#include "base/entropy.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

namespace rota::inline v0 {

/// A name that nobody has, all but certainly: whoever makes it does so exclusively, and asks for
/// another one if somebody has. It is hidden, and says whose it is if a crash leaves it behind.
[[nodiscard]] inline std::string temporary_name() {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), ".rota-%016" PRIx64, entropy());
  return text.data();
}

/// How often another name is asked for.
inline constexpr int kTemporaryNames = 16;

}  // namespace rota::inline v0
