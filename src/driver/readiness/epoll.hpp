#pragma once

#include "driver/readiness/poller.hpp"
#include "driver/refusal.hpp"

#include <cstdint>
#include <vector>

namespace rota::inline v0 {

/// epoll, edge-triggered: each fd is registered once, with everything.
MadePoller make_epoll_poller();

/// The same, whose waits first poll the queues of network cards for so long; not at all for 0, and
/// where the kernel refuses that, which is added to `refusals`.
MadePoller make_busy_epoll_poller(std::uint32_t busy_poll_us, std::vector<Refusal>& refusals);

}  // namespace rota::inline v0
