#pragma once

#include <rota/await.hpp>
#include <rota/core/atomic.hpp>
#include <rota/core/throwing.hpp>
#include <rota/scope.hpp>
#include <rota/scope_errors.hpp>
#include <rota/task.hpp>
#include <rota/time.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rota::inline v0 {

// How join_all, join_any, race and select run several things at once.
//
// Rules
//   1. Each arm is a child task in a scope of its own, so all have ended before the caller goes on,
//      by ordinary return: a wait of an arm is cancelled as any wait is, and its result arrives.
//   2. What an arm came to is kept in its slot, which it alone writes; the caller reads the slots
//      once the scope has no children.
//   3. The first arm that decides (for some functions any end does, for some only a success) stops
//      the others. They may end with a value all the same: success wins, and it is in their slot.
//   4. What leaves an arm is an error of the scope, unless the arms are decided and it says only
//      that its task was stopped for that.

/// Which arm was first, and the scope whose others are stopped then. Any of the arms, which may run
/// on several workers.
class ArmBoard {
 public:
  static constexpr std::size_t none = SIZE_MAX;
  enum class Rule : bool { all, first };

  explicit ArmBoard(Rule rule) noexcept : rule_(rule) {}

  /// Before the arms are started.
  void stand_for(Scope& scope) noexcept { scope_ = &scope; }
  /// An arm has come to what decides. Its slot is written.
  void decide(std::size_t arm) noexcept;
  /// In a handler, in an arm: whether the exception is the scope's affair.
  [[nodiscard]] bool concerns_scope() const noexcept;
  /// The one that was first. After the arms.
  [[nodiscard]] std::size_t first() const noexcept { return first_.load(MemoryOrder::relaxed); }

 private:
  const Rule rule_;
  Scope* scope_ = nullptr;
  // Set once, by the first arm that decides. Relaxed: it orders nothing, the end of the scope does.
  Atomic<std::size_t> first_{none};
};

/// Throws the first of the errors that there are, with the others attached; nothing when there is
/// none.
void rethrow_together(std::vector<std::exception_ptr> errors);

/// What an arm yields, so that it can be kept.
template <class T>
using Kept = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Where an arm puts what it came to.
template <class T>
using ArmSlot = std::optional<Kept<T>>;

/// Whether what a wait or a task came to is only that it was cancelled.
template <class T>
[[nodiscard]] bool was_only_canceled(const T& value) noexcept {
  if constexpr (requires { was_canceled(value); }) {
    return was_canceled(value);
  } else {
    return false;
  }
}

/// A Task as an arm.
template <class T>
Task<void> run_arm(ArmBoard& board, std::size_t index, ArmSlot<T>& slot, Task<T> task) {
  ROTA_TRY {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      slot.emplace();
    } else {
      T value = co_await std::move(task);
      slot.emplace(std::move(value));
    }
    board.decide(index);
  }
  ROTA_CATCH_ALL {
    if (board.concerns_scope()) throw_again();
  }
}

/// A wait as an arm: it stands in the expression that awaits all of them.
template <class L>
Task<void> run_arm(ArmBoard& board, std::size_t index,
                   ArmSlot<decltype(std::declval<L&>().finish())>& slot, Await<L>* wait) {
  if constexpr (std::is_void_v<decltype(std::declval<L&>().finish())>) {
    co_await *wait;
    slot.emplace();
  } else {
    auto value = co_await *wait;
    slot.emplace(std::move(value));
  }
  board.decide(index);
}

/// What the caller gives, as it is handed to the frame that runs the arms.
template <class T>
Task<T> as_arm(Task<T>&& task) noexcept {
  return std::move(task);
}
template <class L>
Await<L>* as_arm(Await<L>&& wait) noexcept {
  return &wait;
}

/// What an arm yields.
template <class Arm>
struct ArmTraits;
template <class T>
struct ArmTraits<Task<T>> {
  using Value = T;
};
template <class L>
struct ArmTraits<Await<L>*> {
  using Value = decltype(std::declval<L&>().finish());
};
/// Of `Task<T>` or of `Await<L>*`: what it yields, as it is kept.
template <class Arm>
using ArmValue = Kept<typename ArmTraits<Arm>::Value>;

/// What several things at once are awaited by, in the expression that makes it: it may refer to
/// waits that end with that expression, and std::move does not change that. Without it one with a
/// name does not compile.
template <class T>
class [[nodiscard]] TogetherAwait {
 public:
  explicit TogetherAwait(Task<T> task) noexcept : task_(std::move(task)) {}
  TogetherAwait(const TogetherAwait&) = delete;
  TogetherAwait& operator=(const TogetherAwait&) = delete;

  typename Task<T>::Awaiter operator co_await() && noexcept {
    return std::move(task_).operator co_await();
  }
  typename Task<T>::Awaiter operator co_await() & = delete;

 private:
  template <class U>
  friend U await(TogetherAwait<U>&& together);

  Task<T> task_;
};
/// The same in a fiber.
template <class T>
T await(TogetherAwait<T>&& together) {
  return await(std::move(together.task_));
}

/// Runs arms of any kinds in a scope of their own. Yields their slots, and which was first.
template <class... Arms>
class ArmRun {
 public:
  using Slots = std::tuple<std::optional<ArmValue<Arms>>...>;

  explicit ArmRun(ArmBoard::Rule rule) noexcept : board_(rule), scope_(current_runtime()) {
    board_.stand_for(scope_);
  }

  void start(std::tuple<Arms...>& arms) noexcept {
    start_each(arms, std::index_sequence_for<Arms...>());
  }
  [[nodiscard]] Await<ScopeWaitLeaf> children() noexcept { return scope_.children(); }
  /// After them; throws what failed.
  [[nodiscard]] Slots take() {
    scope_.core().rethrow_errors();
    return std::move(slots_);
  }
  [[nodiscard]] std::size_t first() const noexcept { return board_.first(); }

 private:
  template <std::size_t... I>
  void start_each(std::tuple<Arms...>& arms, std::index_sequence<I...>) noexcept {
    ROTA_TRY { (start_one<I>(std::get<I>(arms)), ...); }
    ROTA_CATCH_ALL {
      scope_.core().fail(std::current_exception());  // No memory: those that began are stopped.
    }
  }
  template <std::size_t I, class Arm>
  void start_one(Arm& arm) {
    scope_.spawn(run_arm(board_, I, std::get<I>(slots_), std::move(arm)));
  }

  ArmBoard board_;
  Slots slots_;
  Scope scope_;
};

}  // namespace rota::inline v0
