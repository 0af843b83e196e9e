#pragma once

#include <rota/core/build_mark.hpp>

#include <exception>
#include <list>
#include <utility>

namespace rota::inline v0 {

/// Whether a task threw because one of its waits was cancelled, in either way in which a Result's
/// error becomes an exception.
[[nodiscard]] bool says_canceled(const std::exception_ptr& error) noexcept;

/// What leaves a scope in which several things failed: the first error, the later ones attached.
/// One error alone leaves its scope as itself, and so does one whose siblings threw only because
/// they were stopped for it: an `operation_canceled` after the first error is no error of its own.
///
/// Caught by reference: it cannot be copied.
class ScopeErrors : public std::exception {
 public:
  using Later = std::list<std::exception_ptr>;

  ScopeErrors(std::exception_ptr first, Later later) noexcept
      : first_(std::move(first)), later_(std::move(later)) {}
  ScopeErrors(ScopeErrors&&) = default;

  [[nodiscard]] const std::exception_ptr& first() const noexcept { return first_; }
  /// The others, in the order in which they happened.
  [[nodiscard]] const Later& later() const noexcept { return later_; }
  /// What the first error says of itself.
  [[nodiscard]] const char* what() const noexcept override;

 private:
  std::exception_ptr first_;
  Later later_;
};

}  // namespace rota::inline v0
