#pragma once

#include <rota/owned_fd.hpp>

namespace rota::inline v0 {

/// A number of the runtime's own (an epoll, an eventfd).
using UniqueFd = OwnedFd;

}  // namespace rota::inline v0
