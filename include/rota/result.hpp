#pragma once

#include <cerrno>
#include <cstdint>
#include <expected>
#include <system_error>

namespace rota::inline v0 {

/// What an I/O operation yields: its value, or the operating system's error. `.value()` throws
/// `std::bad_expected_access` where exceptions are preferred. A cancelled wait is
/// `std::errc::operation_canceled`.
template <class T>
using Result = std::expected<T, std::error_code>;

/// An error from a positive errno.
[[nodiscard]] inline std::error_code os_error(int number) noexcept {
  return std::error_code(number, std::system_category());
}

/// The same as the unexpected half of a Result.
[[nodiscard]] inline std::unexpected<std::error_code> failure(int number) noexcept {
  return std::unexpected(os_error(number));
}

/// Whether an error says that the wait was cancelled.
[[nodiscard]] inline bool is_canceled(const std::error_code& error) noexcept {
  return error == std::errc::operation_canceled;
}

}  // namespace rota::inline v0
