#pragma once

#include "driver/readiness/poller.hpp"

namespace rota::inline v0 {

/// ppoll(2): level-triggered, costs a scan of everything that is armed in each turn.
MadePoller make_poll_poller();

}  // namespace rota::inline v0
