#pragma once

#include <rota/core/operation.hpp>

#include "driver/perform.hpp"

#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>

namespace rota::inline v0 {

/// Whether the thread that performs an operation may wait in the kernel.
enum class Wait : std::uint8_t { never, allowed };

/// A system call's answer as a count or a negative errno.
inline std::int32_t answer(ssize_t returned) noexcept {
  return returned < 0 ? -errno : static_cast<std::int32_t>(returned);
}

/// More parts than one system call takes are left to the next operation: the count says so.
inline int part_count(const VectorTransfer& transfer) noexcept {
  return static_cast<int>(std::min<std::uint32_t>(transfer.count, IOV_MAX));
}

// One system call of `perform` for what reads or writes a file at an offset.

[[nodiscard]] std::int32_t read_file(Transfer& transfer, Wait wait) noexcept;
[[nodiscard]] std::int32_t write_file(Transfer& transfer, Wait wait) noexcept;
[[nodiscard]] std::int32_t read_file(VectorTransfer& transfer, Wait wait) noexcept;
[[nodiscard]] std::int32_t write_file(VectorTransfer& transfer, Wait wait) noexcept;
/// The next part of a write, or the sync when there is none.
[[nodiscard]] std::int32_t write_durably(Transfer& transfer, Wait wait) noexcept;

}  // namespace rota::inline v0
