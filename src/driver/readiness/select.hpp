#pragma once

#include "driver/readiness/poller.hpp"

namespace rota::inline v0 {

/// pselect(2): level-triggered, for descriptor numbers below FD_SETSIZE only. It cannot tell a
/// hang-up from data: where a hang-up is waited for and data is not, it selects on an epoll fd that
/// watches for just that (nested_poll.hpp).
/// EMFILE when its own eventfd would not fit.
MadePoller make_select_poller();

}  // namespace rota::inline v0
