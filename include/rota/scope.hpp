#pragma once

#include <rota/await.hpp>
#include <rota/core/scope_core.hpp>
#include <rota/fiber.hpp>
#include <rota/join.hpp>
#include <rota/scope_errors.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// Waits until a scope has no children. A stop of the waiting task stops the children, and the
/// wait goes on until they have ended: nothing outlives its scope.
class ScopeWaitLeaf : public Leaf {
 public:
  explicit ScopeWaitLeaf(ScopeCore& scope) noexcept : scope_(scope) {}

  bool start(Runnable& self) noexcept;
  void finish() const noexcept {}

 private:
  ScopeCore& scope_;
};

/// Children that must end before their parent goes on. Made by `with_scope`.
///
/// Thread class: *one task*, the one that `with_scope` runs; its children may live on any worker.
class Scope {
 public:
  explicit Scope(RuntimeCore& runtime) noexcept : core_(runtime) {
    if (stop_due(*current_task())) core_.stop_all();
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Starts a child. Throws std::bad_alloc. A child of a scope that is being stopped is stopped
  /// too, but runs: its first wait ends at once.
  template <class T>
  JoinHandle<T> spawn(Task<T> task, SpawnOptions options = {},
                      std::source_location site = std::source_location::current()) {
    return spawn_into(core_, std::move(task), options, site);
  }
  /// The same with a fiber that calls `body`.
  template <std::invocable F>
  JoinHandle<std::invoke_result_t<F&>> spawn_fiber(
      F body, const FiberOptions& options = {},
      std::source_location site = std::source_location::current()) {
    return spawn_into(core_, on_fiber(std::move(body), options), SpawnOptions(options.name), site);
  }

  /// Asks all children to stop. They end in their own time.
  void request_stop() noexcept { core_.stop_all(); }
  /// How many children have not ended.
  [[nodiscard]] std::size_t live() noexcept { return core_.live(); }

  [[nodiscard]] ScopeCore& core() noexcept { return core_; }

 private:
  ScopeCore core_;
};

/// The runtime of the task that calls. Aborts with a message outside any task.
[[nodiscard]] RuntimeCore& current_runtime() noexcept;

template <class Body>
using ScopeBodyResult = typename std::invoke_result_t<Body&, Scope&>::value_type;

/// Runs `body(scope)` and waits for all children. If the body or a child throws, the children are
/// stopped, all are awaited, and the first exception goes on to the caller: as itself when it is
/// the only error, else in a `ScopeErrors` with the later ones attached. What a child throws only
/// because it was stopped does not count. A stop of the caller stops the children.
template <class Body>
Task<ScopeBodyResult<Body>> with_scope(Body body) {
  using T = ScopeBodyResult<Body>;
  Scope scope(current_runtime());
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result;
  try {
    Task<T> inside = body(scope);
    if constexpr (std::is_void_v<T>) {
      co_await std::move(inside);
    } else {
      T value = co_await std::move(inside);
      result.emplace(std::move(value));
    }
  } catch (...) {
    scope.core().fail(std::current_exception());
  }
  co_await Await<ScopeWaitLeaf>(std::in_place, scope.core());
  scope.core().rethrow_errors();
  if constexpr (!std::is_void_v<T>) co_return std::move(*result);
}

/// `with_scope` for a fiber: calls `body(scope)` on its own stack; the same errors leave it. Only
/// in a fiber.
template <std::invocable<Scope&> Body>
std::invoke_result_t<Body, Scope&> fiber_scope(Body&& body) {
  using T = std::invoke_result_t<Body, Scope&>;
  Scope scope(current_runtime());
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result;
  try {
    if constexpr (std::is_void_v<T>) {
      body(scope);
    } else {
      result.emplace(body(scope));
    }
  } catch (...) {
    scope.core().fail(std::current_exception());
  }
  await(Await<ScopeWaitLeaf>(std::in_place, scope.core()));
  scope.core().rethrow_errors();
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace rota::inline v0
