#pragma once

// Included before all else where plain accesses are announced (watched_memory.hpp): those of the
// checker itself, which these headers are, are not.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("thread"))), apply_to = function)
#endif
#include "model/event.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/atomic.hpp>
#if defined(__clang__)
#pragma clang attribute pop
#endif
