#pragma once

#include <cstddef>

namespace rota::leaks {

/// How many descriptors this process has open: before a test and after it there are as many.
[[nodiscard]] std::size_t open_fds();

}  // namespace rota::leaks
