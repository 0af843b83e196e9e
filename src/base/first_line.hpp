#pragma once

#include <string>

namespace rota::inline v0 {

/// The first line of a small file of the kernel's; empty when it cannot be read.
std::string first_line_of(const std::string& path);

}  // namespace rota::inline v0
