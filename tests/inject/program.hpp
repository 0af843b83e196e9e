#pragma once

#include <rota/rota.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace rota::testing_inject {

/// What a program met: errors of the system by their number. An error of any other kind, or an
/// answer that is not the right one, ends the process with a message.
class Findings {
 public:
  void add(const std::error_code& error);
  /// Whether it is a value; else its error is a finding.
  template <class T>
  bool took(const Result<T>& result) {
    if (!result) add(result.error());
    return result.has_value();
  }
  [[nodiscard]] const std::vector<int>& numbers() const noexcept { return numbers_; }

 private:
  std::vector<int> numbers_;
};

/// Where no system call failed this holds.
void expect(bool holds, std::string_view what);

/// A program whose every system call is made to fail, once and for good. It does one thing that
/// users do, to its end or to the first error, and gives back all that it took.
struct Program {
  std::string_view name;
  Task<void> (*body)(Findings& findings);
  SchedulerKind scheduler = SchedulerKind::single;
};

[[nodiscard]] std::span<const Program> network_programs() noexcept;
[[nodiscard]] std::span<const Program> connection_programs() noexcept;
[[nodiscard]] std::span<const Program> local_programs() noexcept;
[[nodiscard]] std::span<const Program> path_programs() noexcept;
[[nodiscard]] std::span<const Program> file_programs() noexcept;
[[nodiscard]] std::span<const Program> memory_programs() noexcept;
[[nodiscard]] std::span<const Program> worker_programs() noexcept;

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text));
}

/// Runs two tasks that are each other's peers: the first error of one stops the other.
Task<void> run_both(Task<bool> first, Task<bool> second);

}  // namespace rota::testing_inject
