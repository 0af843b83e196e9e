#pragma once

#include <rota/lengths.hpp>

#include <span>

#include "observe/run_account.hpp"

namespace rota::inline v0 {

/// What the accounts of a runtime's workers say together. Any thread.
[[nodiscard]] TaskLengths task_lengths(std::span<const RunAccount* const> workers);

}  // namespace rota::inline v0
