#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>

#include "core/counter.hpp"
#include "observe/histogram.hpp"

namespace rota::inline v0 {

/// A copy of the beginning of a task's name, which may end with the task.
class TaskName {
 public:
  TaskName() = default;
  explicit TaskName(const char* name) noexcept { assign(name); }
  void assign(const char* name) noexcept {
    std::size_t length = 0;
    for (; length + 1 < text_.size() && name[length] != '\0'; ++length)
      text_[length] = name[length];
    text_[length] = '\0';
  }
  [[nodiscard]] std::string_view view() const noexcept { return text_.data(); }

 private:
  std::array<char, 32> text_{};
};

/// The tasks that one line of a program spawns, as one worker has seen them. Any thread reads.
struct TaskKind {
  /// How many short runs in a row show that the kind's runs are short. So many are stamped one by
  /// one at first, and again after each long one.
  static constexpr std::uint32_t kProbation = 16;

  TaskKind() = default;
  TaskKind(std::source_location of, const char* first_name) noexcept : site(of), name(first_name) {}

  const std::source_location site;
  const TaskName name;  ///< of its first task
  Histogram run_ns;
  Histogram queue_ns;
  Counter total_ns;  ///< of all runs

  // The worker's alone.
  std::uint32_t unstamped = 0;           ///< runs since the last stamp
  std::uint32_t probation = kProbation;  ///< runs to be stamped one by one
};

}  // namespace rota::inline v0
