#pragma once

#include <rota/core/operation.hpp>

#include <aio.h>

#include <cerrno>
#include <cstddef>

namespace rota::inline v0 {

/// What the C library has of one operation at a time.
struct PosixAioRequest {
  /// How many of them the library has of one engine at the most. It runs 20 at once, and one of
  /// a file: more only lengthens the queues that `cancel` and aio_suspend(3) go through.
  static constexpr std::size_t kMost = 64;

  aiocb control;
  Operation* operation = nullptr;  ///< null: free
  PosixAioRequest* next = nullptr;
  bool anew = false;  ///< it was cancelled on the way of another: to be asked for again
};

/// Whether the library has done with it.
[[nodiscard]] inline bool has_ended(const aiocb& control) noexcept {
  return ::aio_error(&control) != EINPROGRESS;
}

}  // namespace rota::inline v0
