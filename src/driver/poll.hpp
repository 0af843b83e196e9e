#pragma once

#include <rota/result.hpp>

#include "driver/poller.hpp"

#include <memory>

namespace rota::inline v0 {

/// ppoll(2): level-triggered, costs a scan of everything that is armed in each turn.
Result<std::unique_ptr<Poller>> make_poll_poller();

}  // namespace rota::inline v0
