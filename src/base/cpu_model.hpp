#pragma once

#include <string>

namespace rota::inline v0 {

/// The processor's name for itself; "unknown" where the kernel does not tell.
std::string cpu_model();

}  // namespace rota::inline v0
