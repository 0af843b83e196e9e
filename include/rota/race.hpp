#pragma once

#include <rota/arms.hpp>
#include <rota/core/platform.hpp>
#include <rota/join_all.hpp>
#include <rota/scope_errors.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace rota::inline v0 {

/// What Tasks that ran against each other came to.
template <class T>
class Raced {
 public:
  Raced(std::size_t first, std::vector<ArmSlot<T>> results) noexcept
      : first_(first), results_(std::move(results)) {}

  /// Whether one of them decided the race: else `join_any` found no success.
  [[nodiscard]] bool is_decided() const noexcept { return first_ != ArmBoard::none; }
  /// Which one did.
  [[nodiscard]] std::size_t first() const noexcept { return first_; }
  /// What it yielded; once it is decided.
  [[nodiscard]] Kept<T>& value() noexcept { return *results_[first_]; }
  /// How many there were.
  [[nodiscard]] std::size_t size() const noexcept { return results_.size(); }
  /// What each of them yielded; null when that says only that it was cancelled, or it threw.
  [[nodiscard]] Kept<T>* get_if(std::size_t index) noexcept {
    ArmSlot<T>& result = results_[index];
    return result.has_value() && !was_only_canceled(*result) ? &*result : nullptr;
  }

 private:
  std::size_t first_;
  std::vector<ArmSlot<T>> results_;
};

/// Runs Tasks of one type until the first has ended, asks the others to stop, and yields what all
/// came to once they have ended.
///
/// @as select
/// @owns the Tasks are in the frame that waits, until all have ended
template <class T>
Task<Raced<T>> race(std::vector<Task<T>> tasks) {
  TaskRun<T> run(ArmBoard::Rule::first, tasks.size());
  run.start(tasks);
  co_await run.children();
  auto slots = run.take();
  co_return Raced<T>(run.first(), std::move(slots));
}

/// Whether what a Task yielded is what its caller hoped for: an error in a Result is not.
template <class T>
[[nodiscard]] bool is_success(const T& value) noexcept {
  if constexpr (requires { value.has_value(); }) {
    return value.has_value();
  } else {
    return true;
  }
}

/// An arm of `join_any`: only a success decides.
template <class T>
Task<void> run_any(ArmBoard& board, std::size_t index, ArmSlot<T>& slot, std::exception_ptr& error,
                   Task<T> task) {
  ROTA_TRY {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      slot.emplace();
    } else {
      T value = co_await std::move(task);
      slot.emplace(std::move(value));
    }
  }
  ROTA_CATCH_ALL { error = std::current_exception(); }
  if (slot.has_value() && is_success(*slot)) board.decide(index);
}

/// `race` until the first success: one that throws, or yields an error in its Result, leaves the
/// others running. Where all yielded errors and none threw, nothing is decided.
///
/// @as race
/// @errors when none succeeds what they threw, several in a `ScopeErrors`, in the order of the
/// Tasks; what losers throw besides a success is dropped
template <class T>
Task<Raced<T>> join_any(std::vector<Task<T>> tasks) {
  std::vector<std::exception_ptr> errors(tasks.size());
  TaskRun<T> run(ArmBoard::Rule::first, tasks.size());
  run.start_each(tasks, [&](std::size_t index, ArmSlot<T>& slot, Task<T>& task) {
    return run_any(run.board(), index, slot, errors[index], std::move(task));
  });
  co_await run.children();
  auto slots = run.take();
  if (run.first() == ArmBoard::none) rethrow_together(std::move(errors));
  co_return Raced<T>(run.first(), std::move(slots));
}

/// As a vector, which takes no initializer list of what can only be moved.
template <class T, class... More>
std::vector<Task<T>> in_a_row(Task<T>&& first, More&&... more) {
  std::vector<Task<T>> row;
  row.reserve(1 + sizeof...(More));
  row.push_back(std::move(first));
  (row.push_back(std::move(more)), ...);
  return row;
}
/// The same for Tasks that are named one by one.
template <class T, class... More>
  requires(std::is_same_v<Task<T>, More> && ...)
Task<Raced<T>> race(Task<T> first, More... more) {
  return race(in_a_row(std::move(first), std::move(more)...));
}
template <class T, class... More>
  requires(std::is_same_v<Task<T>, More> && ...)
Task<Raced<T>> join_any(Task<T> first, More... more) {
  return join_any(in_a_row(std::move(first), std::move(more)...));
}

}  // namespace rota::inline v0
