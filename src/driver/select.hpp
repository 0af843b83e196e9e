#pragma once

#include <rota/result.hpp>

#include "driver/poller.hpp"

#include <memory>

namespace rota::inline v0 {

/// pselect(2): level-triggered, for descriptor numbers below FD_SETSIZE only. It cannot tell a
/// hang-up from data: a wait for a hang-up alone is roused by unread data as well.
/// EMFILE when its own eventfd would not fit.
Result<std::unique_ptr<Poller>> make_select_poller();

}  // namespace rota::inline v0
