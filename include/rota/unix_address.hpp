#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct sockaddr;

namespace rota::inline v0 {

/// Where a Unix socket is: a path, an abstract name, which lives in no file system and ends with
/// its socket, or nowhere (the end of a pair, a client that is not bound). A value; any thread.
class UnixAddress {
 public:
  /// Nowhere.
  UnixAddress() noexcept;

  /// Fails with `invalid_argument` for an empty path or one with a zero byte, and with
  /// `filename_too_long` beyond 107 bytes, which is what the kernel takes.
  [[nodiscard]] static Result<UnixAddress> path(std::string_view path) noexcept;
  /// May hold any byte. Fails with `filename_too_long` beyond 107 bytes.
  [[nodiscard]] static Result<UnixAddress> abstract(std::string_view name) noexcept;
  [[nodiscard]] static UnixAddress from_native(const sockaddr& address, std::size_t bytes) noexcept;

  /// Empty where it is no path; otherwise it ends in a zero byte that is not counted.
  [[nodiscard]] std::string_view path() const noexcept;
  /// Empty where it is no abstract name, and for the abstract name without a byte.
  [[nodiscard]] std::string_view abstract() const noexcept;
  [[nodiscard]] bool is_nowhere() const noexcept { return length_ == kFamilyBytes; }
  /// The path, "@" with the abstract name, or nothing.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] const sockaddr* native() const noexcept {
    return reinterpret_cast<const sockaddr*>(bytes_);
  }
  [[nodiscard]] std::uint32_t native_bytes() const noexcept { return length_; }

  friend bool operator==(const UnixAddress& a, const UnixAddress& b) noexcept;

 private:
  static constexpr std::size_t kFamilyBytes = 2;
  static constexpr std::size_t kMostName = 108;  // sun_path

  /// `lead` zero bytes or none before the name.
  static Result<UnixAddress> of(std::string_view name, std::size_t lead) noexcept;

  alignas(2) char bytes_[kFamilyBytes + kMostName + 1] = {};  // One more: a zero ends every path.
  std::uint32_t length_ = kFamilyBytes;
};

}  // namespace rota::inline v0
