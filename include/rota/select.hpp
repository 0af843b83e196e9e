#pragma once

#include <rota/arms.hpp>
#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// What the arms of a `select` came to.
template <class... Ts>
class Selected {
 public:
  Selected(std::size_t first, std::tuple<std::optional<Ts>...> results) noexcept
      : first_(first), results_(std::move(results)) {}

  /// Which arm ended first and stopped the others.
  [[nodiscard]] std::size_t first() const noexcept { return first_; }
  /// What arm I came to; null when it came to nothing but its cancellation. More than one arm may
  /// have come to something: one that ended at the same moment as the first has its result too, so
  /// ask each by an `if` of its own.
  template <std::size_t I>
  [[nodiscard]] auto* get_if() noexcept {
    auto& result = std::get<I>(results_);
    return result.has_value() && !was_only_canceled(*result) ? &*result : nullptr;
  }

 private:
  std::size_t first_;
  std::tuple<std::optional<Ts>...> results_;
};

/// Whether an arm of this kind loses no work when it is stopped.
template <class Arm>
inline constexpr bool is_safe_arm = true;  // A Task, which ends as it decides itself.
template <class L>
inline constexpr bool is_safe_arm<Await<L>*> = loss_of<L> != CancelLoss::work;

/// The body of `select`.
template <class... Arms>
Task<Selected<ArmValue<Arms>...>> run_select(std::tuple<Arms...> arms) {
  ArmRun<Arms...> run(ArmBoard::Rule::first);
  run.start(arms);
  co_await run.children();
  auto slots = run.take();
  co_return Selected<ArmValue<Arms>...>(run.first(), std::move(slots));
}

/// Waits until the first of several waits and Tasks has ended, stops the others, and yields what
/// all came to once they have ended too.
///
/// An arm is a wait (`channel.receive()`, `sleep(1s)`, `stream.read(buffer)`, `handle.join()`) or a
/// Task; each runs as a child task. A wait that loses work when it is cancelled (`channel.send`,
/// `write_all`) does not compile as an arm: spawn it, and let the `join` of its handle be the arm,
/// so that it outlives the race. A Task is asked to stop, and what it has done by then is its own
/// affair. Costs a spawn per arm.
///
/// @threads one task, or a fiber
/// @loses what the arms lose: all are stopped and awaited, and what they came to is yielded
/// @owns waits and Tasks are in the expression that awaits them, until all have ended
/// @errors what an arm throws stops the others and is rethrown, several in a `ScopeErrors`; the
/// Result of an arm is its own
///
///     auto ended = co_await rota::select(channel.receive(), rota::sleep(1s));
///     if (auto* value = ended.get_if<0>()) use(*value);
///     if (ended.get_if<1>()) give_up();
template <class... Arms>
  requires(sizeof...(Arms) > 0 && (!std::is_lvalue_reference_v<Arms> && ...))
[[nodiscard]] auto select(Arms&&... arms) {
  static_assert((is_safe_arm<decltype(as_arm(std::move(arms)))> && ...),
                "a cancelled wait of this kind loses work, a value or a part of its bytes: spawn "
                "it, and let the join of its handle be the arm of the select");
  using Yield = Selected<ArmValue<decltype(as_arm(std::move(arms)))>...>;
  return TogetherAwait<Yield>(run_select(std::make_tuple(as_arm(std::move(arms))...)));
}

}  // namespace rota::inline v0
