#pragma once

#include <rota/result.hpp>

#include "driver/poller.hpp"

#include <memory>

namespace rota::inline v0 {

/// epoll, edge-triggered: each fd is registered once, with everything.
Result<std::unique_ptr<Poller>> make_epoll_poller();

}  // namespace rota::inline v0
