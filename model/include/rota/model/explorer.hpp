#pragma once

#include <rota/model/engine.hpp>
#include <rota/model/options.hpp>
#include <rota/model/report.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <source_location>
#include <string_view>

// Model checking of lock-free code: docs/model-checking.md says what is enumerated and what is not.
// A scenario is the main thread of a model; it builds the shared state, spawns the
// threads, joins them and checks what must hold:
//
//   const model::Report report = model::explore({}, [] {
//     Atomic<int> count{0};
//     auto add = [&] { count.fetch_add(1, MemoryOrder::relaxed); };
//     model::Thread a = model::spawn("a", add);
//     model::Thread b = model::spawn("b", add);
//     a.join();
//     b.join();
//     model::check(count.load(MemoryOrder::relaxed) == 2, "no addition is lost");
//   });
namespace rota::model {

using Scenario = std::function<void()>;

// Runs the scenario under the interleavings that the options ask for, until the first failure.
Report explore(const Options& options, const Scenario& scenario);

// Runs it once more under the choices of a failure, which are the report's `replay`.
Report replay(const Options& options, const Scenario& scenario, std::string_view choices);

// The executions of this process so far, of all explorations.
[[nodiscard]] std::uint64_t executions_so_far() noexcept;

// What follows is called inside a scenario.

class Thread {
 public:
  explicit Thread(std::size_t index) : index_(index) {}
  void join();  // Every thread is joined before main ends.
  [[nodiscard]] std::size_t index() const noexcept { return index_; }

 private:
  std::size_t index_;
};

// Names are string literals. The destructor of a body is not run when its execution is abandoned,
// so a body holds references and numbers.
template <class Body>
Thread spawn(const char* name, Body body) {
  Engine& engine = Engine::here();
  const auto run = [](void* place) {
    Body& placed = *static_cast<Body*>(place);
    placed();
    placed.~Body();
  };
  const std::size_t thread = engine.spawn(name, run, sizeof(Body));
  ::new (engine.body(thread)) Body(std::move(body));
  return Thread(thread);
}

// Joins every thread that main has spawned.
void join_all();

// Fails the execution.
void check(bool holds, const char* what,
           std::source_location where = std::source_location::current());

void wait_until(bool (*predicate)(const void*), const void* argument);

// Blocks until the predicate, which reads atomics of the shim, holds of their newest values. The
// predicate must have no effects. Each of its reads counts as one of this thread, with its memory
// order, and may return an older value for which the predicate holds as well.
template <class Predicate>
void wait_until(const Predicate& predicate) {
  wait_until(
      [](const void* argument) -> bool { return (*static_cast<const Predicate*>(argument))(); },
      &predicate);
}

// What membarrier(2) does: a full fence in every thread, wherever it stands, all at one moment.
void barrier_everywhere();

// Names an object and the atomics inside it in traces.
void label(const void* object, std::size_t bytes, const char* name);

template <class T>
void label(const T& object, const char* name) {
  label(&object, sizeof(T), name);
}

}  // namespace rota::model
