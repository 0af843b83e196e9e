#pragma once

#include <rota/arms.hpp>
#include <rota/core/platform.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rota::inline v0 {

/// The body of `join_all`.
template <class... Arms>
Task<std::tuple<ArmValue<Arms>...>> run_join_all(std::tuple<Arms...> arms) {
  ArmRun<Arms...> run(ArmBoard::Rule::all);
  run.start(arms);
  co_await run.children();
  auto slots = run.take();
  co_return std::apply(
      [](auto&... slot) { return std::tuple<ArmValue<Arms>...>(std::move(*slot)...); }, slots);
}

/// Runs waits and Tasks at once and yields what each came to, as a tuple (std::monostate for
/// nothing), once all have ended.
///
/// Each runs as a child task.
///
/// @as select
///
///     auto both = co_await rota::join_all(first.read(one), second.read(other));
template <class... Arms>
  requires(sizeof...(Arms) > 0 && (!std::is_lvalue_reference_v<Arms> && ...))
[[nodiscard]] auto join_all(Arms&&... arms) {
  using Yield = std::tuple<ArmValue<decltype(as_arm(std::move(arms)))>...>;
  return TogetherAwait<Yield>(run_join_all(std::make_tuple(as_arm(std::move(arms))...)));
}

/// The slots of as many Tasks as there are, in a scope of their own.
template <class T>
class TaskRun {
 public:
  TaskRun(ArmBoard::Rule rule, std::size_t tasks)
      : board_(rule), slots_(tasks), scope_(current_runtime()) {
    board_.stand_for(scope_);
  }

  void start(std::vector<Task<T>>& tasks) noexcept {
    start_each(tasks, [this](std::size_t index, ArmSlot<T>& slot, Task<T>& task) {
      return run_arm(board_, index, slot, std::move(task));
    });
  }
  /// The same with an arm that `make(index, slot, task)` yields.
  template <class Make>
  void start_each(std::vector<Task<T>>& tasks, const Make& make) noexcept {
    ROTA_TRY {
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        scope_.spawn(make(i, slots_[i], tasks[i]));
      }
    }
    ROTA_CATCH_ALL {
      scope_.core().fail(std::current_exception());  // No memory: those that began are stopped.
    }
  }
  [[nodiscard]] ArmBoard& board() noexcept { return board_; }
  [[nodiscard]] Await<ScopeWaitLeaf> children() noexcept { return scope_.children(); }
  /// After them; throws what failed.
  [[nodiscard]] std::vector<ArmSlot<T>> take() {
    scope_.core().rethrow_errors();
    return std::move(slots_);
  }
  [[nodiscard]] std::size_t first() const noexcept { return board_.first(); }

 private:
  ArmBoard board_;
  std::vector<ArmSlot<T>> slots_;
  Scope scope_;
};

/// The same for any number of Tasks: yields their values in their order, or nothing.
template <class T>
Task<std::conditional_t<std::is_void_v<T>, void, std::vector<Kept<T>>>> join_all(
    std::vector<Task<T>> tasks) {
  TaskRun<T> run(ArmBoard::Rule::all, tasks.size());
  run.start(tasks);
  co_await run.children();
  auto slots = run.take();
  if constexpr (!std::is_void_v<T>) {
    std::vector<T> values;
    values.reserve(slots.size());
    for (auto& slot : slots) values.push_back(std::move(*slot));
    co_return values;
  }
}

}  // namespace rota::inline v0
