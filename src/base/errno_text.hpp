#pragma once

#include <string>

namespace rota::inline v0 {

/// "EAGAIN (Resource temporarily unavailable)".
std::string errno_text(int error);
/// "io_setup answers EAGAIN (Resource temporarily unavailable)".
std::string answer_of(const char* call, int error);

}  // namespace rota::inline v0
