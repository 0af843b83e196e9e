#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/throwing.hpp>
#include <rota/task.hpp>
#include <rota/workers.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// Whether several threads may use one T at a time. Specialise it for such a type of yours, to have
/// it Sharded where workers steal.
template <class T>
inline constexpr bool thread_safe = false;

/// One T per worker, made and destroyed by its worker.
///
/// Each T is used by its own worker alone, so where tasks never move it needs neither lock nor
/// atomics: `local()` is the one of the worker that runs the caller, and holds between two waits
/// like any data of a program with one thread. Where workers steal the tasks of one worker overlap
/// and leave it, so `make` refuses a T there, with a message, unless `thread_safe<T>` is true.
///
/// @threads any task of the runtime, once `make` has ended and until `stop` begins
/// @loses as `submit_to`; of a stopped `make` nothing is left
/// @owns each worker has a value of its own; whoever has the Sharded calls `stop` before it goes,
/// or the process ends with a message
/// @errors as `submit_to_all`; a stopped `make` or `map_reduce` throws what a cancelled Result's
/// `.value()` throws
template <class T>
class Sharded {
 public:
  /// Has each worker make a T of copies of `args`. If one throws, those that were made are
  /// destroyed and it is rethrown; so are they when it is stopped before the last.
  template <class... Args>
  [[nodiscard]] static Task<Sharded> make(Args... args) {
    check_usage(thread_safe<T> || !tasks_move(),
                "a Sharded was made where workers steal, of a type for which thread_safe is false: "
                "its tasks would overlap; use per_core, or a type that may be shared");
    Sharded made(worker_count());
    auto make_one = [&](WorkerIndex worker) {
      made.shards_[worker] = Owned<Shard>(new Shard(std::as_const(args)...));
    };
    std::exception_ptr error;
    ROTA_TRY { co_await submit_to_all(make_one); }
    ROTA_CATCH_ALL { error = std::current_exception(); }
    if (error == nullptr && made.is_whole()) co_return std::move(made);
    co_await made.stop();
    if (error == nullptr) throw_canceled();
    std::rethrow_exception(error);
  }

  Sharded(Sharded&&) noexcept = default;
  Sharded& operator=(Sharded&&) = delete;
  ~Sharded() {
    check_usage(shards_.size() == 0,
                "a Sharded went away without stop(), by which each worker "
                "destroys its own");
  }

  /// The calling worker's own.
  [[nodiscard]] T& local() noexcept { return of(this_worker()); }

  /// `submit_to(worker, f)` with the T of that worker: `f(T&)`.
  template <std::invocable<T&> F>
  [[nodiscard]] Task<SubmitResult<F, T&>> invoke_on(WorkerIndex worker, F f) {
    return submit_to(worker, Bound<F>{of(worker), std::move(f)});
  }

  /// `submit_to_all(f)` with the T of each worker: a copy of `f(T&)` on each.
  template <std::invocable<T&> F>
  [[nodiscard]] Task<void> invoke_on_all(F f) {
    return submit_to_all(BoundToEach<F>{this, std::move(f)});
  }

  /// What `reduce(V, M)` makes of `initial` and the M's that copies of `map(T&)` find on the
  /// workers, at the same time. `map` is no Task. `reduce` runs where the caller does, in the order
  /// of the workers. Without the answers of all, because it was stopped, it throws.
  template <class V, std::invocable<T&> Map, class Reduce>
  [[nodiscard]] Task<V> map_reduce(V initial, Map map, Reduce reduce) {
    using M = std::invoke_result_t<Map&, T&>;
    OwnedArray<std::optional<M>> found(shards_.size());
    auto map_one = [&](WorkerIndex worker) {
      Map own = map;
      found[worker].emplace(own(of(worker)));
    };
    co_await submit_to_all(map_one);
    for (std::optional<M>& one : found) {
      if (!one.has_value()) throw_canceled();
      initial = reduce(std::move(initial), std::move(*one));
    }
    co_return initial;
  }

  /// Has each worker destroy its T. Nobody uses them any more.
  [[nodiscard]] Task<void> stop() {
    check_usage(shards_.size() == worker_count(),
                "stop() of a Sharded that was stopped or moved from, or in another runtime");
    auto destroy_one = [this](WorkerIndex worker) { shards_[worker] = {}; };
    co_await submit_to_all(destroy_one);
    shards_ = {};
  }

 private:
  /// What one worker writes shares no line with what is another's.
  struct alignas(128) Shard {
    template <class... Args>
    explicit Shard(const Args&... args) : value(args...) {}
    T value;
  };
  template <class F>
  struct Bound {
    T& value;
    F function;
    decltype(auto) operator()() { return function(value); }
  };
  template <class F>
  struct BoundToEach {
    Sharded* shards;
    F function;
    decltype(auto) operator()(WorkerIndex worker) { return function(shards->of(worker)); }
  };

  explicit Sharded(std::size_t workers) : shards_(workers) {}

  [[nodiscard]] T& of(WorkerIndex worker) noexcept {
    check_usage(worker < shards_.size(),
                "a Sharded was asked for the value of a worker that the "
                "runtime has not, or was stopped");
    return shards_[worker]->value;
  }
  [[nodiscard]] bool is_whole() const noexcept {
    for (const Owned<Shard>& shard : shards_) {
      if (!shard) return false;
    }
    return true;
  }

  OwnedArray<Owned<Shard>> shards_;
};

}  // namespace rota::inline v0
