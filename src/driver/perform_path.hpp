#pragma once

#include <rota/core/operation.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// What `perform_blocking` does for the operations on files that only a thread makes which may
/// sleep. Each yields a count, an fd, 0 or kLockTaken; a negative errno on failure.
///
/// A confined path (`resolve`) of a call other than open is followed by openat2(2) as far as the
/// folder that has its last name, or to the file itself, and the call is made from there: it has no
/// way to leave. Without openat2 (Linux 5.6) that is ENOSYS: nothing is ever done unconfined.

[[nodiscard]] std::int32_t open_path(const Open& open) noexcept;
/// An open, a read and a close.
[[nodiscard]] std::int32_t load_path(const Load& load) noexcept;
[[nodiscard]] std::int32_t stat_path(const Stat& stat) noexcept;
[[nodiscard]] std::int32_t change_path(const PathChange& change) noexcept;
[[nodiscard]] std::int32_t read_directory(const Transfer& transfer) noexcept;
[[nodiscard]] std::int32_t call_on_range(const FileRange& range) noexcept;

}  // namespace rota::inline v0
