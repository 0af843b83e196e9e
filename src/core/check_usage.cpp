#include <rota/core/check_usage.hpp>

#include "base/fatal.hpp"

namespace rota::inline v0 {

void misuse(const char* what) noexcept { fatal(what); }

}  // namespace rota::inline v0
