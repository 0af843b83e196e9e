#pragma once

#include <rota/await.hpp>
#include <rota/core/scope_core.hpp>
#include <rota/core/throwing.hpp>
#include <rota/fiber.hpp>
#include <rota/join.hpp>
#include <rota/scope_errors.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// Waits until a scope has no children. A stop of the waiting task stops the children too, and the
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
/// Children may live on any worker. Where tasks never move, one that spawns into a scope of another
/// worker that is not shared ends the process with a message.
///
/// @threads the task that `with_scope` runs, and its children on the same worker; after `share`
/// any task
/// @loses nothing: the children are stopped and awaited
/// @owns children end before their scope
/// @errors none: what fails leaves `with_scope`
class Scope {
 public:
  explicit Scope(RuntimeCore& runtime,
                 ScopeCore::OnFailure on_failure = ScopeCore::OnFailure::stop_siblings) noexcept
      : core_(runtime, on_failure), region_(core_) {
    TaskHeader& owner = *current_task();
    core_.set_owner(owner);
    // A stop that comes from now on finds the region.
    if (stop_due(owner)) core_.stop_all();
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

  /// Starts a child on the worker that is named. Where workers steal it may go on on another one.
  template <class T>
  JoinHandle<T> spawn_on(WorkerIndex worker, Task<T> task, SpawnOptions options = {},
                         std::source_location site = std::source_location::current()) {
    return spawn_into_on(worker, core_, std::move(task), options, site);
  }

  /// From here on tasks of other workers may spawn into it too. By its owner, before they do; they
  /// are children, or the owner waits for them otherwise.
  void share() noexcept { core_.share(); }

  /// Asks all children to stop. They end in their own time; the body goes on.
  void request_stop() noexcept {
    core_.stop_all();
    settle_stops();
  }
  /// How many children have not ended.
  [[nodiscard]] std::size_t live() noexcept { return core_.live(); }

  [[nodiscard]] ScopeCore& core() noexcept { return core_; }
  /// Waits until all children have ended; what stops the caller stops them. For whoever made the
  /// scope.
  [[nodiscard]] Await<ScopeWaitLeaf> children() noexcept {
    return Await<ScopeWaitLeaf>(std::in_place, core_);
  }

 private:
  ScopeCore core_;
  RegionGuard region_;
};

/// A scope with what its body came to: what the scopes of coroutines and of fibers have in common.
template <class T>
class ScopeRun {
 public:
  ScopeRun() noexcept : scope_(current_runtime()) {}

  [[nodiscard]] Scope& scope() noexcept { return scope_; }
  void keep(std::conditional_t<std::is_void_v<T>, std::monostate, T>&& value) {
    result_.emplace(std::move(value));
  }
  /// In a handler: the body threw.
  void fail() noexcept { scope_.core().fail(std::current_exception()); }
  [[nodiscard]] Await<ScopeWaitLeaf> children() noexcept { return scope_.children(); }
  /// After the children: throws what failed, or yields what the body did.
  T take() {
    scope_.core().rethrow_errors();
    if constexpr (!std::is_void_v<T>) return std::move(*result_);
  }

 private:
  Scope scope_;
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result_;
};

/// What the Task of a body yields.
template <class Body>
using ScopeBodyResult = typename std::invoke_result_t<Body&, Scope&>::value_type;

/// Runs `body(scope)` and waits for all children. If the body or a child throws, the children and
/// the body are stopped, and all are awaited. A stop of the caller stops the children as soon as
/// its worker takes it, also while the body is parked or shielded.
///
/// @as Scope
/// @threads one task
/// @errors the first exception of the body and the children: as itself when it is the only one,
/// else in a `ScopeErrors` with the later ones attached; what one of them throws only because it
/// was stopped does not count
template <class Body>
Task<ScopeBodyResult<Body>> with_scope(Body body) {
  using T = ScopeBodyResult<Body>;
  ScopeRun<T> run;
  ROTA_TRY {
    Task<T> inside = body(run.scope());
    if constexpr (std::is_void_v<T>) {
      co_await std::move(inside);
    } else {
      T value = co_await std::move(inside);
      run.keep(std::move(value));
    }
  }
  ROTA_CATCH_ALL { run.fail(); }
  co_await run.children();
  co_return run.take();
}

/// `with_scope` for a fiber: calls `body(scope)` on its own stack.
///
/// @as with_scope
/// @threads one fiber
template <std::invocable<Scope&> Body>
std::invoke_result_t<Body, Scope&> fiber_scope(Body&& body) {
  using T = std::invoke_result_t<Body, Scope&>;
  ScopeRun<T> run;
  ROTA_TRY {
    if constexpr (std::is_void_v<T>) {
      body(run.scope());
    } else {
      run.keep(body(run.scope()));
    }
  }
  ROTA_CATCH_ALL { run.fail(); }
  await(run.children());
  return run.take();
}

}  // namespace rota::inline v0
