#pragma once

#include <cerrno>
#include <string>
#include <string_view>

namespace rota::inline v0 {

/// A path as the kernel takes it, kept for as long as a call has it. A call is made without
/// exceptions: what is wrong with its path is the result.
class PathText {
 public:
  explicit PathText(std::string_view path) noexcept;
  PathText(const PathText&) = delete;
  PathText& operator=(const PathText&) = delete;

  /// 0; EINVAL for a zero byte, at which the kernel would cut the path; ENOMEM.
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }

 private:
  std::string text_;
  int error_ = 0;
};

}  // namespace rota::inline v0
